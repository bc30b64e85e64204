import OceanImport
import OceanSyntax

/// The result of importing a text.
struct Imported {
  let yaml: String
  let text: String
  let openCount: Int
  let comments: [String]
  /// The passwords that get files of their own, by path.
  let secrets: [String: String]

  /// - Parameters:
  ///   - settings: the lines below a head as `doveconf` of that version prints it.
  ///   - files: the files that can be read.
  ///   - certificates: the names that certificates are for, by path.
  init(
    _ settings: String, version: String = "2.3.19.1", files: [String: String] = [:],
    certificates: [String: [String]] = [:], target: String = "/etc/ocean"
  ) throws {
    let config = try DovecotParser.parse(
      Array(("# \(version) (9b53102964): /etc/dovecot/dovecot.conf\n" + settings).utf8))
    let host = ImportHost(
      read: { files[$0].map { Array($0.utf8) } }, isFile: { files[$0] != nil },
      isCertificate: { path, name in certificates[path].map { $0.contains(name) } },
      userName: { $0 == 65534 ? "nobody" : nil })
    let translation = Translation(config, host: host, target: target)
    yaml = translation.config.text(head: [])
    comments = translation.findings.comments
    secrets = Dictionary(translation.secrets.map { ($0.path, $0.text) }, uniquingKeysWith: { $1 })
    text = translation.findings.text(source: "x", on: Screen())
    openCount = translation.findings.openCount
  }

  /// The text under a heading, without line breaks.
  func section(_ heading: String) -> String {
    let parts = text.split(separator: "\n\n").map(String.init)
    guard let part = parts.first(where: { $0.hasPrefix(heading + "\n") }) else { return "" }
    return part.split(separator: "\n").dropFirst().map { $0.split(separator: " ").joined(separator: " ") }
      .joined(separator: " ")
  }

  var open: String { section("TO BE DECIDED") }
  var different: String { section("NOT QUITE THE SAME") }
  var needless: String { section("NOT NEEDED") }

  /// The line of a key in the config, without its comment.
  func line(_ key: String) -> String? {
    yaml.split(separator: "\n").map { $0.split(separator: "  #")[0] }.map { line in
      line.split(separator: " ").joined(separator: " ")
    }.first { $0.hasPrefix(key + ":") }
  }
}

/// A config that ocean serves as it is, except for what `more` says.
func sound(_ more: String = "", location: String = "maildir:/m/%d/%n") -> String {
  """
  mail_location = \(location)
  mail_uid = vmail
  passdb {
    args = /etc/dovecot/users
    driver = passwd-file
  }
  protocols = pop3
  ssl_cert = </etc/ssl/main.pem
  ssl_key = </etc/ssl/main.key
  \(more)
  """
}

/// The same as ``sound(_:location:)`` in the form of Dovecot 2.4.
func soundLater(_ more: String = "", path: String = "/m/%{user | domain}/%{user | username}") -> String {
  """
  dovecot_config_version = 2.4.1
  dovecot_storage_version = 2.4.1
  mail_driver = maildir
  mail_path = \(path)
  mail_uid = vmail
  protocols {
    pop3 = yes
  }
  passdb passwd-file {
    passwd_file_path = /etc/dovecot/users
  }
  ssl_server {
    cert_file = /etc/ssl/main.pem
    key_file = /etc/ssl/main.key
  }
  \(more)
  """
}
