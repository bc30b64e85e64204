import Foundation
import TestSupport

/// Debian's Dovecot as a POP3 server for the accounts of a workspace, over Maildirs of its own:
/// `dovecot/mail/USER`.
final class Dovecot {
  static let port = 2110
  /// Whether Dovecot can run. It refuses to serve the mail of root, and to let root talk to strangers.
  static let canRun =
    geteuid() == 0 && access("/usr/lib/dovecot/pop3", X_OK) == 0 && InstalledDovecot.isUsable
  /// Whether the tests must not be skipped.
  static let mustRun = InstalledDovecot.isRequired

  private let process: Command

  /// The owner of the mail.
  fileprivate static var owner: (user: uid_t, group: gid_t) {
    get throws {
      guard let nobody = getpwnam("nobody") else { throw Failure("there is no user nobody") }
      return (nobody.pointee.pw_uid, nobody.pointee.pw_gid)
    }
  }

  init(_ workspace: Workspace) throws {
    let owner = try Self.owner
    let home = workspace.directory / "dovecot"
    // Dovecot's own user must be able to read it.
    try workspace.setMode(0o644, of: "users.passwd")
    try FileManager.default.createDirectory(at: home, withIntermediateDirectories: false)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: home.path)
    try workspace.write(
      """
      base_dir = \(home.path)/run
      state_dir = \(home.path)/run
      log_path = \(home.path)/log
      protocols = pop3
      listen = \(workspace.address)
      ssl = no
      disable_plaintext_auth = no
      auth_failure_delay = 0
      auth_mechanisms = plain
      mail_fsync = never
      mail_location = maildir:%h:INDEX=MEMORY
      mail_max_userip_connections = 0
      pop3_uidl_format = %f
      passdb {
        driver = passwd-file
        args = username_format=%n \(workspace.path("users.passwd"))
      }
      userdb {
        driver = static
        args = uid=\(owner.user) gid=\(owner.group) home=\(home.path)/mail/%n
      }
      service anvil {
        chroot =
        unix_listener anvil-auth-penalty {
          mode = 0
        }
      }
      service auth {
        unix_listener auth-client {
          mode = 0666
        }
        unix_listener auth-userdb {
          mode = 0666
        }
      }
      service stats {
        chroot =
      }
      service pop3-login {
        chroot =
        process_min_avail = 1
        service_count = 0
        inet_listener pop3 {
          port = \(Self.port)
        }
        inet_listener pop3s {
          port = 0
        }
      }
      service pop3 {
        process_min_avail = 2
        service_count = 0
      }

      """, to: "dovecot/dovecot.conf")
    process = try Command(
      "dovecot", ["-F", "-c", home.path + "/dovecot.conf"], directory: workspace.directory)
    do {
      try eventually("Dovecot greets", within: 90) { try? workspace.dovecotClient().line(within: 2) }
    } catch {
      throw Failure("\(error):\n\(workspace.read("dovecot/log"))\(process.errorOutput)")
    }
  }

  /// Ends all of its processes, not only this one as a kill would.
  deinit {
    process.signal(SIGTERM)
    _ = try? process.wait()
  }
}

/// Helpers for comparing with Dovecot, from any thread.
extension Workspace {
  func dovecotClient() throws -> POP3Client { try POP3Client(address, port: Dovecot.port) }

  func dovecotMaildir(_ user: String) -> URL { directory / "dovecot/mail/\(user)" }

  /// Gives the Maildir of a user, with everything in it, to the owner of the mail.
  func handOverToDovecot(_ user: String) throws {
    let owner = try Dovecot.owner
    let top = dovecotMaildir(user)
    let inside = FileManager.default.enumerator(at: top, includingPropertiesForKeys: nil)
    for case let file as URL in inside ?? .init() { chown(file.path, owner.user, owner.group) }
    guard chown(top.path, owner.user, owner.group) == 0 else { throw Failure("cannot give \(top.path) away") }
  }
}
