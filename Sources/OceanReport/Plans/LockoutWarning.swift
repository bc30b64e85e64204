import Glibc
import OceanAddresses
import OceanPlan

/// Warns people who are about to lock out the very address they work from.
enum LockoutWarning {
  /// The peer of the SSH session that runs this command (`SSH_CONNECTION`, ssh(1)); nil outside of SSH.
  private static var peer: IPAddress? {
    guard let text = getenv("SSH_CONNECTION").map({ String(cString: $0) }),
      let address = text.split(separator: " ").first
    else { return nil }
    return try? IPAddress(parsing: address)
  }

  /// One line for each service that would refuse the peer.
  static func lines(_ diff: PlanDiff) -> [String] {
    guard let peer else { return [] }
    return diff.access.compactMap { difference in
      guard difference.newlyRefused.contains(peer) else { return nil }
      return
        "warning   you are connected from \(peer), which '\(difference.service)' would refuse from then on"
    }
  }
}
