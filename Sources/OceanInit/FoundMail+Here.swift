import Glibc
import OceanHost
import OceanSyntax
import OceanTLS

extension InitHost.FoundMail {
  /// The directories below which mail of several domains usually is.
  private static let roots = ["/var/mail/vhosts", "/var/vmail", "/srv/vmail", "/home/vmail"]
  /// The ways from a domain's folder to a Maildir.
  private static let layouts = ["{user}/Maildir", "{user}", "{user}/mail"]
  /// How many folders are looked into: where so many have no Maildir, the others have none either.
  private static let maxLooked = 20

  /// The mail of this host; nil if there is no directory for it.
  static var here: InitHost.FoundMail? {
    var first: InitHost.FoundMail?
    for root in roots where Files.isDirectory(root) {
      let domains = Files.names(in: root).filter { $0.contains(".") && CertificateName(hostName: $0) != nil }
        .sorted()
      for domain in domains.prefix(maxLooked) {
        for user in Files.names(in: "\(root)/\(domain)").filter(isLikely).sorted().prefix(maxLooked) {
          for layout in layouts {
            let maildir = "\(root)/\(domain)/\(layout.replacing("{user}", with: user))"
            guard Files.isDirectory("\(maildir)/cur") else { continue }
            return InitHost.FoundMail(
              template: "\(root)/{domain}/\(layout)", domains: domains, account: "\(user)@\(domain)",
              owner: owner(of: "\(maildir)/cur"))
          }
        }
      }
      first = first ?? InitHost.FoundMail(template: "\(root)/{domain}/\(layouts[0])", domains: domains)
    }
    return first
  }

  /// Whether a folder may be that of a user, whose name can be proposed.
  private static func isLikely(_ name: String) -> Bool {
    name.isPlainWord && !name.hasPrefix(".") && !name.hasPrefix("-")
  }

  private static func owner(of path: String) -> String? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_uid != 0 else { return nil }
    return User.name(of: status.st_uid)
  }
}
