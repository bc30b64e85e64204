import OceanBase
import Testing

@testable import OceanAccess

/// Every digest line was computed with a different implementation (hashlib, `openssl passwd`, `doveadm pw`)
/// or is published: Drepper's SHA-crypt specification, Openwall's bcrypt tests, Dovecot's self-test.
@Suite struct StoredPasswordTests {
  struct Vector: Sendable, CustomTestStringConvertible {
    let password: String
    let field: String
    var testDescription: String { String(field.prefix(20)) }

    init(_ field: String, _ password: String = "hunter2 é!") {
      self.field = field
      self.password = password
    }
  }

  static let vectors = [
    Vector("{PLAIN}hunter2 é!"),
    Vector("{cleartext}hunter2 é!"),
    Vector("{CLEAR}hunter2 é!"),
    Vector("{PLAIN-MD5}5ebe2294ecd0e0f08eab7690d2a6ee69", "secret"),
    Vector("{plain-md5}5EBE2294ECD0E0F08EAB7690D2A6EE69", "secret"),
    Vector("{LDAP-MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==", "secret"),
    Vector("{MD5}5ebe2294ecd0e0f08eab7690d2a6ee69", "secret"),
    Vector("{MD5}$1$zUGeDWIJ$0cD3caKmbyGIinbjJizE2/", "secret"),
    Vector("{SMD5}QbfommXx2S23divU9F4+QGIZvis=", "secret"),
    Vector("{PLAIN.b64}aHVudGVyMiDDqSE="),
    Vector("{PLAIN.HEX}68756e7465723220c3a921"),
    Vector("{SHA}MxspFnQniYg6u5z+zkYtBhzZfWw="),
    Vector("{SHA1}331b2916742789883abb9cfece462d061cd97d6c"),
    Vector("{SHA256}oYdaxSoqNzU9pYqcHd+THee6OvUB00blTvyESmaeMHc="),
    Vector("{SHA256}A1875AC52A2A37353DA58A9C1DDF931DE7BA3AF501D346E54EFC844A669E3077"),
    Vector("{SHA256.hex}a1875ac52a2a37353da58a9c1ddf931de7ba3af501d346e54efc844a669e3077"),
    Vector(
      "{SHA512.base64}+G4MmttzydFN85rpR+NcobL8RWVB6PDMdP3seM7WN42YXsNN19Vn7o3RoFtQ0z9e6SJszfQ2l0+7q6TyAEULiA=="
    ),
    Vector("{SSHA}UncwKCTLTpZIoJ3Jzi/VvkcwpBEA/3NhbA=="),
    Vector("{SSHA.hex}5277302824cb4e9648a09dc9ce2fd5be4730a41100ff73616c"),
    Vector("{SSHA256}LjoC9HN/2LwkICxRII0OIBADJbbeDEmRW5naZRBk6KYA/3NhbA=="),
    Vector(
      "{ssha512}G+9T+vm4bKaSIaQ5CNx/ol/pM5nQhWO8RrVom7y+H2aKh1EYp88BfReSUZRt5HdAi1YhtwLFZq9+8tHziY/tbAD/c2Fs"),
    Vector("$1$h6ZdW18W$mk4S77.ftJMD.blgVxXSQ."),
    Vector("{MD5-CRYPT}$1$h6ZdW18W$mk4S77.ftJMD.blgVxXSQ."),
    Vector(
      "{SHA512-CRYPT}$6$H5KkqlEZ.ZYKDXiW$64X9uX0cUV0sbeceRAUuaDr7oLI0.9M17Me48.oqFJXF1rkxtWlOzwV2l3UO7WyR8wFDOxQQYforvHftCEvzQ/"
    ),
    Vector("{SHA256-CRYPT}$5$IhXk5qixGL1nJs54$jcAPokqvbp6xqkk1kA8CkSP5sZidZbvI7TTp/4pR004"),
    Vector(
      "{CRYPT}$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
      "Hello world!"),
    Vector(
      "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
      "Hello world!"),
    Vector("{BLF-CRYPT}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
    Vector("{BLF-CRYPT}$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
    Vector("$2a$04$0123456789abcdefABCDE.N.drYX5yIAL1LkTaaZotW3yI0hQhZru", "08/15!test~4711"),
    Vector(
      "$5$rounds=1000$0123456789abcdef$K/DksR0DT01hGc8g/kt9McEgrbFMKi9qrb1jehe7hn4", "08/15!test~4711"),
    Vector("{DES-CRYPT}JBOZ0DgmtucwE", "08/15!test~4711"),
    Vector("{PBKDF2}$1$ug0y7gYcUoZHADOG$5000$6531ce0d769639164da06c4a63209a5bcc4b3cec"),
    Vector(
      "{PBKDF2.B64}JDEkTmJmVmdTb2lKNno3YVFEbCQ1MDAwJGFkMTcyMTdmMzAxOTYzMTFmNDllODI4YWE1N2FkYjkwN2Q4YmRiMGM=",
      "x"),
    Vector(
      "{SCRAM-SHA-1}4096,ypZj6W6e/MdZdIEp8wjh1g==,yR9vYdhZoMMyNp1ZkhLQCUfiGHo=,tjTcglEmm8a44ajZPZHZBEM6Dao="),
    Vector(
      "{scram-sha-256}4096,TZZRpD93pC3dpVpWbyAHBw==,c+0cbX8M1a8JRhFqy0mvhBDJWON4+tuEXI4I58x94SM=,GmmplIs9p7kGFvC519ySpQpfqrxopfhgVGI7EPkRp2c="
    ),
    Vector("{CRAM-MD5}5dd5b0bbd5ba3c66e65348912090e9800f15536a134e0f3e3063e6033fe1a10a"),
    Vector("{HMAC-MD5.b64}XdWwu9W6PGbmU0iRIJDpgA8VU2oTTg8+MGPmAz/hoQo="),
    Vector(
      "{CRAM-MD5}3da84f0cae856596adbfffaa9ba7f8401428b587a92ae1e3b6632043e93bf4ab",
      String(repeating: "long", count: 40)),
    Vector("$apr1$r31....$f24YyO0EbHU/8ePgCU/by1"),
    Vector("{CRYPT}$apr1$ab$eIePjsejfBGR8ITtu2z0U1", "x"),
    Vector("{MD5-CRYPT}$apr1$UteD62zx$PHtjqV3ZF6NyP/zd8qJdf.", "a long password of more than sixteen octets"),
    Vector(
      "{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$aV6T3/Zo+nuD8rvBkJiH3A$VeeYXCw2OzWJl2i0Vpcm6O3C6Kx+Zh/lgda7F9P9ZDc"
    ),
    Vector(
      "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$7OrO2BRfR0TSa1i4kQVvEQ$HkleIteEqlnHK/Fd9NeRXP0HuZBLPR3qw/Eu8xPnoV0"
    ),
    Vector("$argon2id$v=19$m=4096,t=2,p=1$c2FsdHlzYWx0$+uw37dj6fvSjCJTN0TBE4YcXPCM0EAVEiZ7s0AZuS2M"),
    Vector("{CRYPT}$argon2i$v=16$m=64,t=3,p=2$c2FsdHlzYWx0$PW1sKZJdBKRQ5RdjSWT08lnwsKWnkcFv"),
    Vector("$y$j9T$8KQvNYD/ARabL3rJ8yY/N0$O02SjwF.4bNs5XyqtekuiXmlFfiKEV9LxAYulJAxRV0"),
    Vector("{CRYPT}$gy$j9T$05Q5WtFS55v1LlbubJiP81$LHcy87H6VBVZmYRKVrGoSdglXorvMI8J2n5iVmhX7OC"),
    Vector("$7$CU..../..../LqAevTvCbKg7eCXSBZz./$mVR3aNwS3bvc.2VtvmUeFeF9n0C3PDvkBiXrfJsuPV2"),
  ]

  @Test(arguments: vectors) func `right password and no other`(_ vector: Vector) throws {
    let stored = try StoredPassword(parsing: SecretBytes(vector.field))
    #expect(try stored.verify(SecretBytes(vector.password)))
    var changed = Array(vector.password.utf8)
    changed[0] ^= 1
    #expect(try !stored.verify(SecretBytes(copying: changed)))
    #expect(try !stored.verify(SecretBytes("")))
    #expect(try !stored.verify(SecretBytes(copying: Array(vector.password.utf8) + [0])))
    #expect(try !stored.verify(SecretBytes(copying: [0] + Array(vector.password.utf8))))
    #expect(try !stored.verify(SecretBytes(String(repeating: vector.password, count: 100))))
  }

  /// With one character less, the form is wrong: this is found when the hash is read, not when somebody logs
  /// in.
  @Test(
    arguments: vectors.filter { $0.field.uppercased().prefixMatch(of: /\{(PLAIN|CLEAR|CLEARTEXT)\}/) == nil }
  )
  func `truncated hash is malformed`(_ vector: Vector) {
    // The salt of {SSHA.hex} may have any length, in whole bytes.
    let cut = String(vector.field.dropLast())
    #expect(throws: StoredPassword.Flaw.malformed) { try StoredPassword(parsing: SecretBytes(cut)) }
  }

  @Test(arguments: [
    "secret", "{CRYPT}secret", "$", "$$", "$1$", "$1$salt$", "$2y$",
    "$2y$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    "$2y$32$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    "$5$rounds=999$0123456789abcdef$K/DksR0DT01hGc8g/kt9McEgrbFMKi9qrb1jehe7hn4",
    "$5$rounds=01000$0123456789abcdef$K/DksR0DT01hGc8g/kt9McEgrbFMKi9qrb1jehe7hn4",
    "$5$rounds=99999999999999999999999$0123456789abcdef$K/DksR0DT01hGc8g/kt9McEgrbFMKi9qrb1jehe7hn4",
    "$5$01234567890123456789$K/DksR0DT01hGc8g/kt9McEgrbFMKi9qrb1jehe7hn4",
    "$9$salt$K/DksR0DT01hGc8g/kt9McEgrbFMKi9qrb1jehe7hn4", "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA",
    "JBOZ0DgmtucwE ", "J:OZ0DgmtucwE", "{SHA}=", "{SHA}====", "{SHA}MxspFnQniYg6u5z+zkYtBhzZfWw",
    "{SHA}Mxsp FnQniYg6u5z+zkYtBhzZfWw=",
    "{SSHA}MxspFnQniYg6u5z+zkYtBhzZfWw=", "{SHA256}zzz", "{PLAIN.hex}6", "{PLAIN.hex}6g", "{PLAIN.hex}６６",
    "{PLAIN.b64}a=a=",
    "{PBKDF2}x", "{PBKDF2}$1$salt$0$6531ce0d769639164da06c4a63209a5bcc4b3cec",
    "{PBKDF2}$1$salt$99999999$6531ce0d769639164da06c4a63209a5bcc4b3cec", "{PBKDF2}$1$salt$5000$6531",
    "{PBKDF2}$1$$5000$6531ce0d769639164da06c4a63209a5bcc4b3cec", "{SCRAM-SHA-256}x",
    "{SCRAM-SHA-1}4096,,yR9vYdhZoMMyNp1ZkhLQCUfiGHo=,tjTcglEmm8a44ajZPZHZBEM6Dao=",
    "{SCRAM-SHA-1}-1,ypZj,yR9vYdhZoMMyNp1ZkhLQCUfiGHo=,tjTcglEmm8a44ajZPZHZBEM6Dao=", "{CRAM-MD5}5dd5",
    "$apr1$$f24YyO0EbHU/8ePgCU/by1", "$apr1$r31....xy$f24YyO0EbHU/8ePgCU/by1",
    "$argon2id$v=19$m=7,t=2,p=1$c2FsdHlzYWx0$+uw37dj6fvSjCJTN0TBE4YcXPCM0EAVEiZ7s0AZuS2M",
    "$argon2id$v=19$m=64,t=0,p=1$c2FsdHlzYWx0$+uw37dj6fvSjCJTN0TBE4YcXPCM0EAVEiZ7s0AZuS2M",
    "$argon2id$v=19$m=99999999999999999999,t=2,p=1$c2FsdHlzYWx0$+uw37dj6fvSjCJTN0TBE4YcXPCM0EAVEiZ7s0AZuS2M",
    "$argon2d$v=19$m=64,t=2,p=1$c2FsdHlzYWx0$+uw37dj6fvSjCJTN0TBE4YcXPCM0EAVEiZ7s0AZuS2M",
    "{noend", "$y$j:T$salt$K/DksR0DT01hGc8g/kt9McEgrbFMKi9qrb1jehe7hn4",
  ])
  func `malformed`(_ field: String) {
    #expect(throws: StoredPassword.Flaw.malformed) { try StoredPassword(parsing: SecretBytes(field)) }
  }

  @Test(arguments: [
    ("{DIGEST-MD5}x", StoredPassword.Flaw.unsupportedScheme("DIGEST-MD5")),
    ("{ntlm}x", .unsupportedScheme("NTLM")), ("{Otp}x", .unsupportedScheme("OTP")),
    (
      "$argon2id$v=19$m=2000000,t=2,p=1$c2FsdHlzYWx0$+uw37dj6fvSjCJTN0TBE4YcXPCM0EAVEiZ7s0AZuS2M",
      .tooMuchMemory
    ),
    ("{hunter2}", .unknownScheme), ("{SHA512.b32}x", .unknownScheme), ("{}x", .unknownScheme),
    ("{PLAIN}", .empty), ("{SSHA}", .empty), ("", .empty),
    ("{PLAIN}" + String(repeating: "x", count: 249), .tooLong),
    ("{PLAIN.hex}" + String(repeating: "78", count: 249), .tooLong),
  ])
  func `refused`(_ field: String, _ flaw: StoredPassword.Flaw) {
    #expect(throws: flaw) { try StoredPassword(parsing: SecretBytes(field)) }
  }

  /// The most that a line of 255 octets can carry besides `PASS ` and CRLF.
  @Test func `longest password`() throws {
    let longest = String(repeating: "p", count: 248)
    let stored = try StoredPassword(parsing: SecretBytes("{PLAIN}\(longest)"))
    #expect(try stored.verify(SecretBytes(longest)))
    #expect(try !stored.verify(SecretBytes(longest + "p")))
  }

  @Test(arguments: NewPasswordScheme.allCases) func `new passwords`(_ scheme: NewPasswordScheme) throws {
    for password in ["pass: {word}\n", String(repeating: "ü", count: 36)] {
      let field = try scheme.hash(SecretBytes(password))
      #expect(!field.text.contains(":") && !field.text.contains("\n"))
      let stored = try StoredPassword(parsing: field)
      #expect(!stored.scheme.isWeak && !stored.scheme.isExcessive)
      #expect(try stored.verify(SecretBytes(password)))
      #expect(try !stored.verify(SecretBytes("x" + password)))
      if scheme != .plain { #expect(try scheme.hash(SecretBytes(password)).text != field.text) }
    }
    #expect(throws: NewPasswordScheme.HashError.empty) { try scheme.hash(SecretBytes("")) }
    #expect(throws: NewPasswordScheme.HashError.containsNUL) { try scheme.hash(SecretBytes("a\0b")) }
    let limit = scheme == .bcrypt ? 72 : 248
    #expect(throws: NewPasswordScheme.HashError.tooLong(limit: limit)) {
      try scheme.hash(SecretBytes(String(repeating: "x", count: limit + 1)))
    }
  }

  /// Equal schemes mean equal work: variants of the prefix count as the same, costs do not.
  @Test func `costs`() throws {
    func scheme(_ field: String) throws -> PasswordScheme {
      try StoredPassword(parsing: SecretBytes(field)).scheme
    }
    let digest = "K/DksR0DT01hGc8g/kt9McEgrbFMKi9qrb1jehe7hn4"
    let bcrypt = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
    #expect(try scheme("$5$abc$\(digest)") == scheme("$5$rounds=5000$xyz$\(digest)"))
    #expect(try scheme("$5$abc$\(digest)") != scheme("$5$rounds=5001$abc$\(digest)"))
    #expect(try scheme("$2a$10$\(bcrypt)") == scheme("$2y$10$\(bcrypt)"))
    #expect(try scheme("$2a$10$\(bcrypt)") != scheme("$2a$11$\(bcrypt)"))
    for (field, isExcessive) in [
      ("$2y$15$\(bcrypt)", false), ("$2y$16$\(bcrypt)", true), ("$5$rounds=1000000$a$\(digest)", false),
      ("$5$rounds=1000001$a$\(digest)", true), ("$y$j9T$salt$\(digest)", false),
      ("$y$jCT$salt$\(digest)", false),
      ("$y$jFT$salt$\(digest)", true), ("$7$CU..../....salt$\(digest)", false),
      ("$7$GU..../....salt$\(digest)", true),
      ("$argon2id$v=19$m=262144,t=3,p=1$c2FsdHlzYWx0$\(digest)", false),
      ("$argon2id$v=19$m=262145,t=3,p=1$c2FsdHlzYWx0$\(digest)", true),
      ("$argon2id$v=19$m=131072,t=99,p=1$c2FsdHlzYWx0$\(digest)", true),
      ("{PBKDF2}$1$salt$2000001$6531ce0d769639164da06c4a63209a5bcc4b3cec", true),
      ("{PLAIN}x", false),
    ] {
      #expect(try scheme(field).isExcessive == isExcessive, "\(field)")
      #expect(try scheme(field).isExpensive == (field != "{PLAIN}x"))
    }
  }
}
