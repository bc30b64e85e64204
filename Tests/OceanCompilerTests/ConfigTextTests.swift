import Testing

@testable import OceanCompiler

/// Nothing is shown of a file that is not a config.
@Suite struct ConfigTextTests {
  @Test(arguments: [
    "", "\n", "# nothing yet\n", "version: 1\n", "\u{feff}version: 1\r\n", "services:\n  pop3:\n", "mail :\n",
    "# comment\n\n  version: 1\n  mail: { }\n", "{ \"version\": 1,\n  \"services\"\n  : { } }",
    "{version: 1}",
    "'version': 1\n", "nonsense\nservices:\t[\n", "\tversion: 1\n",
  ])
  func `configs`(_ text: String) {
    #expect(ConfigText.isConfig(Array(text.utf8)))
  }

  @Test(
    arguments: [
      ("anna:{SHA512-CRYPT}$6$rounds=1000$abcdefgh$2Wr1::::::\n", .accounts),
      ("  \nanna:{SHA512-CRYPT}$6$x\n", .accounts), ("\u{feff}# users\nanna:{PLAIN}x\n", .accounts),
      ("# users\r\nanna:{PLAIN}x\r\n", .accounts), ("anna:{ssha512}abcdefg==\n", .accounts),
      ("mail:{SSHA}abc\nserver:$6$abc\n", .accounts), ("root:x:0:0:root:/root:/bin/bash\n", .accounts),
      ("mail:x:8:8:mail:/var/mail:/usr/sbin/nologin\n", .accounts), ("anna:!\n", .accounts),
      ("-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n", .privateKey),
      ("Bag Attributes\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n", .privateKey),
      ("-----BEGIN CERTIFICATE-----\nMIIB\n", .certificate),
      ("hunter2\n", nil), ("password: hunter2\n", nil), ("  a:\n    mail: x\n", nil), ("\u{0}\u{1}", nil),
    ] as [(String, FileKind?)])
  func `others`(_ text: String, _ kind: FileKind?) {
    #expect(!ConfigText.isConfig(Array(text.utf8)))
    #expect(FileKind(Array(text.utf8)) == kind)
  }
}
