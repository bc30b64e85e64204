import OceanSyntax

/// A directory in which another program keeps the certificates it gets.
///
/// A file that ocean put there would be in that program's way: certbot would no longer renew, or would take
/// another directory.
struct CertificateFolder {
  private enum Program: String, CaseIterable {
    case certbot, dehydrated, lego, caddy, uacme
    case acmeSH = "acme.sh"
    case modMD = "mod_md"

    var directories: [String] {
      switch self {
      case .certbot: ["/etc/letsencrypt/"]
      case .dehydrated: ["/etc/dehydrated/", "/var/lib/dehydrated/", "/dehydrated/certs/"]
      case .lego: ["/.lego/", "/etc/lego/", "/var/lib/lego/"]
      case .caddy: ["/var/lib/caddy/", "/.local/share/caddy/", "/caddy/certificates/"]
      case .uacme: ["/etc/ssl/uacme/"]
      case .acmeSH: ["/.acme.sh/", "/acme.sh/", "/var/lib/acme/"]
      case .modMD: ["/etc/apache2/md/", "/etc/httpd/md/"]
      }
    }
  }

  private let program: Program
  /// The host that the directory is named after; nil if it has no such name.
  private let host: String?

  /// Nil unless the directory belongs to a known program.
  init?(_ folder: String) {
    let path = folder + "/"
    guard let program = Program.allCases.first(where: { $0.directories.contains(where: path.contains) })
    else {
      return nil
    }
    self.program = program
    var name = Path.name(of: folder)
    if name.hasSuffix("_ecc") { name.removeLast(4) }
    host = name.contains(".") && !name.hasPrefix(".") && HostName.normalized(name) == name ? name : nil
  }

  /// - Parameter host: the server's name, if the directory is not named after a host.
  func help(host: String) -> String {
    let host = self.host ?? host
    let fetching =
      switch program {
      case .certbot: "certbot certonly -d \(host)"
      case .dehydrated: "dehydrated --cron --domain \(host)"
      case .lego: "lego --domains \(host) run, with the options that you use"
      case .acmeSH: "acme.sh --issue -d \(host), then --install-cert into a directory for ocean"
      case .caddy, .modMD: "have the web server serve \(host)"
      case .uacme: "uacme issue \(host)"
      }
    return
      "that directory belongs to \(program.rawValue), put nothing into it; to get a certificate: \(fetching)\n"
      + "for a self-signed one until then, elsewhere: ocean cert new \(host) --out /etc/ocean/tls"
  }
}
