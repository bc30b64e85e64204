package import OceanAccess
import OceanAddresses
package import OceanPlan
import OceanStore
import OceanSyntax

extension Plan {
  /// The accounts that a login name stands for, each with a service at which it does.
  ///
  /// - Throws: a sentence for people, if no source has one.
  package func accounts(
    of login: String
  ) throws(Failure) -> [(entry: AccountDirectory.Entry, service: String)] {
    var found: [(AccountDirectory.Entry, String)] = []
    var unread: Set<String> = []
    for service in services {
      switch AccountDirectory(of: service, in: self).find(login, service: service.name, peer: .loopback(.v4))
      {
      case .entry(let entry): found.append((entry, service.name))
      case .nobody: break
      case .unavailable(let source, _): unread.insert(source)
      }
    }
    guard found.isEmpty else { return found }
    let reason =
      unread.isEmpty
      ? "no account of that name" : "cannot read \(unread.sorted().joined(separator: ", "))"
    throw Failure("\(login): \(reason)".escapedForDisplay)
  }

  /// The Maildirs that a login opens: one, unless services keep different accounts under that name.
  ///
  /// - Returns: them, with the account's full name.
  /// - Throws: a sentence for people, if there are none.
  package func maildirs(of login: String) throws(Failure) -> (account: String, maildirs: [String]) {
    var account = login
    var maildirs: [String] = []
    for (entry, _) in try accounts(of: login) {
      account = entry.identity.name
      do throws(MailTemplate.ExpansionError) {
        let maildir = MaildirPath.normalized(try mail.maildir.maildir(of: entry.identity))
        if !maildirs.contains(maildir) { maildirs.append(maildir) }
      } catch {
        throw Failure("\(account) has no mailbox: \(error)".escapedForDisplay)
      }
    }
    return (account, maildirs)
  }
}
