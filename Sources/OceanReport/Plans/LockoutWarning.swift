import Glibc
import OceanAddresses
import OceanPlan
import OceanSyntax

/// Warns people who are about to lock out the very address they work from.
enum LockoutWarning {
  /// The peer of the SSH session that runs this command (`SSH_CONNECTION`, ssh(1)); nil outside of SSH.
  private static var peer: IPAddress? {
    guard let text = getenv("SSH_CONNECTION").map({ String(cString: $0) }),
      let address = text.split(separator: " ").first
    else { return nil }
    return try? IPAddress(parsing: address)
  }

  /// One line for each service, and the monitor, that would refuse the peer.
  static func lines(_ diff: PlanDiff, on screen: Screen) -> [String] {
    guard let peer else { return [] }
    return diff.allAccess.flatMap { difference in
      guard difference.newlyRefused.contains(peer) else { return [String]() }
      let subject = difference.isOfMonitor ? difference.subject : "'\(difference.service)'"
      let text = "you are connected from \(peer), which \(subject) would refuse from then on"
      return screen.field("warning", text, style: .warning)
    }
  }
}
