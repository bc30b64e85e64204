package import OceanControlAPI
package import OceanPlan

/// A confirmed plan that a server keeps.
package struct KeptPlan: Sendable {
  package let number: Int
  /// The file that it is kept in.
  package let path: String
  package var mark: PlanIdentity
  /// What it is without today's lists and certificates.
  package var decision: Digest
  /// RFC 3339, UTC.
  package var confirmed: String
  /// What it was made from.
  package var source: String
  /// The author of the decision that it runs; nil if an earlier version kept it.
  package var by: ChangeAuthor?
  /// The number that the plan had before a rollback brought it back; nil for any other plan.
  package var returnedTo: Int?
  /// The list files whose contents were changed by whoever applied it, as absolute paths: going back from it changes
  /// them back.
  package var lists: [String]
  /// The numbers of the plans right before it that are the same but for these lists, the oldest first.
  package var listsBefore: [Int] = []
  /// The number that the decision got first: with other certificates, or a list of the night, it gets another.
  package var since: Int
  /// Digests from which it differs by renewed certificates alone: whoever made a plan for one of these has seen
  /// what that changes.
  package var renewedFrom: [Digest] = []
  /// Why its file is not whole, as its length shows.
  private var shortfall: Failure?
  /// The hash of the plan as it was written; nil if an earlier version wrote it.
  private var sha256: Digest?

  package init(
    number: Int, path: String, mark: PlanIdentity, decision: Digest, confirmed: String, source: String,
    by: ChangeAuthor?, lists: [String] = []
  ) {
    self.number = number
    self.path = path
    self.mark = mark
    self.decision = decision
    self.confirmed = confirmed
    self.source = source
    self.by = by
    self.lists = lists
    since = number
  }

  /// What is before this place is before it.
  package var place: Int { returnedTo ?? number }

  /// Whether a plan is the same but for its certificates.
  package func isSame(_ mark: PlanIdentity, _ decision: Digest) -> Bool {
    self.decision == decision && self.mark.lists == mark.lists
  }

  // MARK: - Its file

  /// The first line of the file; the plan itself, as it is saved, is the rest.
  private struct Envelope: Codable {
    var formatVersion = ControlAPI.formatVersion
    var mark: PlanIdentity
    var decision: Digest
    var confirmed: String
    var source: String
    var by: ChangeAuthor?
    var returnedTo: Int?
    var lists: [String]
    var listsBefore: [Int]
    var since: Int
    /// Nil if there are none, or an earlier version has written it.
    var renewedFrom: [Digest]?
    /// The length of the rest and its hash: whether it is whole is to be seen without reading a long plan. Nil in a file
    /// that an earlier version has written.
    var octets: Int?
    var sha256: Digest?
  }

  /// Writes the file, whole or not at all.
  package func write(_ file: PlanFile) throws {
    let plan = try file.json
    let envelope = Envelope(
      mark: mark, decision: decision, confirmed: confirmed, source: source, by: by,
      returnedTo: returnedTo, lists: lists, listsBefore: listsBefore, since: since,
      renewedFrom: renewedFrom.isEmpty ? nil : renewedFrom, octets: plan.count,
      sha256: Digest(of: plan))
    try Files.writePrivately(try ControlAPI.encode(envelope) + plan, to: path)
  }

  /// What the first line of a file says.
  ///
  /// - Throws: why it says nothing.
  init(_ number: Int, at path: String) throws {
    let (line, length) = try Files.readLine(path, limit: 1 << 20)
    guard length > 0 else { throw Failure("it is empty") }
    let envelope: Envelope
    do {
      envelope = try ControlAPI.decode(Envelope.self, from: line)
    } catch {
      throw Failure("its first line is not that of a kept plan: \(error)")
    }
    self.init(
      number: number, path: path, mark: envelope.mark, decision: envelope.decision,
      confirmed: envelope.confirmed, source: envelope.source, by: envelope.by,
      lists: envelope.lists)
    returnedTo = envelope.returnedTo
    listsBefore = envelope.listsBefore
    since = envelope.since
    renewedFrom = envelope.renewedFrom ?? []
    sha256 = envelope.sha256
    if let octets = envelope.octets, length - line.count != octets {
      shortfall = Failure("it holds \(length - line.count) octets of a plan of \(octets)")
    }
  }

  /// The plan itself may be long.
  ///
  /// - Parameter isThorough: whether it is read.
  /// - Throws: why the file cannot be used, though its first line can.
  package func verify(isThorough: Bool) throws {
    if let shortfall { throw shortfall }
    guard isThorough else { return }
    let bytes = try Files.read(path, limit: Files.planLimit)
    guard let sha256 else {
      _ = try Self.plan(in: bytes, mark)
      return
    }
    let end = bytes.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.endIndex
    guard Digest(of: bytes[end...]) == sha256 else { throw Failure("it no longer holds what was written") }
  }

  /// The plan itself.
  package var file: PlanFile {
    get throws(Failure) {
      do {
        return try Self.plan(in: try Files.read(path, limit: Files.planLimit), mark)
      } catch {
        throw Failure(DamagedFile(path: path, reason: error.fileReason).description)
      }
    }
  }

  /// The digests from which a plan that takes its place differs by renewed certificates alone; reads the file.
  package func renewals(by new: PlanFile) -> [Digest] {
    guard mark.plan != new.digest else { return renewedFrom }
    guard var old = try? file.plan,
      zip(old.certificates, new.plan.certificates).allSatisfy({ $0 == $1 || $0.isRenewed(by: $1) })
    else { return [] }
    old.certificates = new.plan.certificates
    return (try? old.digest) == new.digest ? renewedFrom.suffix(Self.maxRenewals - 1) + [mark.plan] : []
  }

  /// A certificate is renewed every two months: nobody reviews a plan for longer than all of these.
  private static let maxRenewals = 10

  private static func plan(in bytes: [UInt8], _ mark: PlanIdentity) throws -> PlanFile {
    let file = try PlanFile(json: Array(bytes.drop { $0 != UInt8(ascii: "\n") }))
    guard file.digest == mark.plan else {
      throw Failure("it holds plan \(file.digest.short), but its first line names \(mark.plan.short)")
    }
    return file
  }
}
