/// A command without its arguments, for counting.
package enum CommandName: Int, Sendable, CaseIterable {
  case auth, capa, dele, list, noop, pass, quit, retr, rset, stat, stls, top, uidl, user
  /// A line that is not a command.
  case unknown
}

extension Command {
  var name: CommandName {
    switch self {
    case .auth: .auth
    case .capa: .capa
    case .dele: .dele
    case .list: .list
    case .noop: .noop
    case .pass: .pass
    case .quit: .quit
    case .retr: .retr
    case .rset: .rset
    case .stat: .stat
    case .stls: .stls
    case .top: .top
    case .uidl: .uidl
    case .user: .user
    }
  }
}
