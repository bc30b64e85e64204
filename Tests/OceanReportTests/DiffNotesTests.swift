import OceanHost
import OceanPlan
import OceanReport
import OceanSyntax
import TestPlans
import Testing

/// What SARIF and annotations say of a change: all that the text says.
@Suite struct DiffNotesTests {
  private let folder: ConfigFolder

  init() throws { folder = try ConfigFolder() }

  /// With some of everything that clients can lose and gain.
  private static func difference(_ number: Int) -> TLSDifference {
    var difference = TLSDifference(service: "pop3")
    func some(_ bit: Int, _ words: [String]) -> [String] { number >> bit & 1 == 0 ? [] : words }
    difference.lostVersions = some(0, ["TLS 1.0", "TLS 1.2"])
    difference.gainedVersions = some(1, ["TLS 1.3"])
    difference.lostCiphers = some(2, (1...9).map { "ECDHE-RSA-AES256-CBC-SHA\($0)" })
    difference.gainedCiphers = some(3, ["TLS_AES_128_GCM_SHA256"])
    difference.lostNames = some(4, (1...8).map { "mail\($0).example.org" })
    if number >> 5 & 1 == 1 {
      difference.lostKeys = [.init(key: .rsa, names: ["a.example.org"], isWithoutName: true)]
    }
    return difference
  }

  @Test func `every line of the text is a note`() throws {
    let before = try folder.plan("max_connections: 100", "ip_control: { black_list: [192.0.2.0/24] }")
    let after = try folder.plan("max_connections: 150")
    for number in 0..<64 {
      var diff = PlanDiff(from: PlanVersion(before), to: PlanVersion(after))
      let difference = Self.difference(number)
      diff.supplement.tls = difference.isEmpty ? [] : [difference]
      diff.supplement.mailboxes = MailboxDifference(accounts: 5, before: 5, after: number)
      let (notes, sources) = diff.notes
      let annotations = DiagnosticRenderer.github(notes, in: sources)
      let sarif = DiagnosticRenderer.sarif(notes, in: sources, version: "1")
      let lines = difference.lines + ["5 of 5 accounts have a Maildir there now, \(number) at the new place"]
      for line in lines.map({ $0.drop { $0 == " " } }) {
        #expect(annotations.contains(line), "\(line) in\n\(annotations)")
        #expect(sarif.contains(line), "\(line) in\n\(sarif)")
      }
    }
  }
}
