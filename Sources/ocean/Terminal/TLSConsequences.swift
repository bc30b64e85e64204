import OceanEngine
import OceanPlan
import OceanTLS

/// What another TLS profile means for clients, by what the linked libssl really does.
struct TLSConsequences {
  private let lost: [String]
  private let gained: [String]
  private let lostCiphers: [String]
  private let gainedCiphers: [String]

  init(from old: Plan.Service.TLS.Profile, to new: Plan.Service.TLS.Profile) {
    let before = TLSProfile(old).probe().map(\.version.description)
    let after = TLSProfile(new).probe().map(\.version.description)
    lost = before.filter { !after.contains($0) }
    gained = after.filter { !before.contains($0) }
    let (oldCiphers, newCiphers) = (TLSProfile(old).offeredCiphers, TLSProfile(new).offeredCiphers)
    lostCiphers = oldCiphers.filter { !newCiphers.contains($0) }
    gainedCiphers = newCiphers.filter { !oldCiphers.contains($0) }
  }

  var lines: [String] {
    var lines: [String] = []
    if !lost.isEmpty {
      lines.append("lost: \(lost.joined(separator: ", "))")
      for version in lost {
        if let clients = Self.clients[version] { lines.append("  \(version) is the best of \(clients)") }
      }
    }
    if !gained.isEmpty { lines.append("gained: \(gained.joined(separator: ", "))") }
    for (what, ciphers) in [("lost", lostCiphers), ("gained", gainedCiphers)] where !ciphers.isEmpty {
      let more = ciphers.count > Self.mostCiphers ? ["and \(ciphers.count - Self.mostCiphers) more"] : []
      let shown = Array(ciphers.prefix(Self.mostCiphers)) + more
      lines += wrapped(shown, after: "\(what) ciphers: ", indent: 2)
    }
    return lines
  }

  private static let mostCiphers = 6

  /// Clients that know nothing newer, as their makers shipped them.
  private static let clients = [
    "TLS 1.0": "Windows XP and Vista, Android before 5, many scanners and printers made before 2014",
    "TLS 1.1": "hardly anything: what knows it mostly knows TLS 1.2",
    "TLS 1.2": "Windows 7 to 10 (Outlook uses the system's), Android before 10, macOS before 10.14",
  ]
}
