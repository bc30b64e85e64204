import OceanAddresses
import OceanPlan

/// All addresses, walked through once: who loses and who gains by which rules, and what a map of the addresses shows.
struct AccessSurvey: Sendable {
  /// Addresses that lose, or gain, by the same entries of lists or settings.
  struct Row: Sendable {
    let isGain: Bool
    let before: AccessDifference.Cause
    let after: AccessDifference.Cause
    let v4: UInt64
    let v6: UInt128
    /// The first ranges, and how many there are.
    let ranges: [AddressPattern]
    let rangeCount: Int
  }

  /// The most IPv4 pieces that are kept as they are; a map shows the others as parts of cells.
  private static let maxPieces = 10_000
  /// The most IPv6 ranges that are kept of those that differ.
  private static let maxV6 = 300
  private static let maxRanges = 8

  /// By the first address.
  private(set) var rows: [Row] = []
  private(set) var v4 = LargestPieces<UInt32>(limit: maxPieces)
  private(set) var v6 = LargestPieces<UInt128>(limit: maxV6)
  /// Nil if all pieces are kept.
  private(set) var grid: CellGrid?
  /// How many addresses of each /8 are newly refused and newly allowed.
  private(set) var eighths = [(refused: UInt64, allowed: UInt64)](repeating: (0, 0), count: 256)

  init(_ difference: AccessDifference) {
    var groups = Groups(difference)
    var open: Piece<UInt32>?
    func close(_ piece: Piece<UInt32>) {
      let (was, isNow) = (piece.before.isAllowed, piece.after.isAllowed)
      v4.add(piece)
      if grid != nil {
        grid?.add(piece)
      } else if !v4.isComplete {
        // Up to here all were kept.
        grid = CellGrid(v4.kept)
      }
      if was != isNow { addEighths(piece, isGain: isNow) }
    }
    difference.forEachStanding(of: .v4) { range, before, after in
      let (first, last) = (
        UInt32(truncatingIfNeeded: range.first.value), UInt32(truncatingIfNeeded: range.last.value)
      )
      if before.isAllowed != after.isAllowed { groups.add(range, before, after) }
      if open?.before == before, open?.after == after {
        open?.last = last
      } else {
        if let open { close(open) }
        open = Piece(first: first, last: last, before: before, after: after)
      }
    }
    if let open { close(open) }
    difference.forEachStanding(of: .v6) { range, before, after in
      guard before.isAllowed != after.isAllowed else { return }
      groups.add(range, before, after)
      v6.add(Piece(first: range.first.value, last: range.last.value, before: before, after: after))
    }
    rows = groups.rows
  }

  private mutating func addEighths(_ piece: Piece<UInt32>, isGain: Bool) {
    var start = piece.first
    while true {
      let end = min(start | 0xff_ffff, piece.last)
      let count = UInt64(end - start) + 1
      if isGain {
        eighths[Int(start >> 24)].allowed += count
      } else {
        eighths[Int(start >> 24)].refused += count
      }
      guard end < piece.last else { return }
      start = end + 1
    }
  }

  /// The rows while they are put together.
  private struct Groups {
    private struct Key: Hashable {
      let before: AccessDifference.Entry
      let after: AccessDifference.Entry
      let isGain: Bool
    }

    private struct Group {
      let before: AccessDifference.Standing
      let after: AccessDifference.Standing
      let isGain: Bool
      var isMixedBefore = false
      var isMixedAfter = false
      var v4: UInt64 = 0
      var v6: UInt128 = 0
      var ranges: [AddressPattern] = []
      var rangeCount = 0

      mutating func add(
        _ range: AddressPattern, _ before: AccessDifference.Standing, _ after: AccessDifference.Standing
      ) {
        if before != self.before { isMixedBefore = true }
        if after != self.after { isMixedAfter = true }
        let extent = range.last.value - range.first.value
        switch range.family {
        case .v4: v4 += UInt64(truncatingIfNeeded: extent) + 1
        case .v6:
          // All of IPv6 is one more than fits.
          let (sum, isTooMuch) = v6.addingReportingOverflow(extent)
          v6 = isTooMuch || sum == .max ? .max : sum + 1
        }
        rangeCount += 1
        if ranges.count < AccessSurvey.maxRanges { ranges.append(range) }
      }
    }

    private let difference: AccessDifference
    private var places: [Key: Int] = [:]
    private var groups: [Group] = []
    /// The key that came last: most ranges have that of the one before.
    private var last: (key: Key, place: Int)?

    init(_ difference: AccessDifference) { self.difference = difference }

    mutating func add(
      _ range: AddressPattern, _ before: AccessDifference.Standing, _ after: AccessDifference.Standing
    ) {
      let key = Key(
        before: difference.entry(of: before, .before), after: difference.entry(of: after, .after),
        isGain: after.isAllowed)
      let place: Int
      if let last, last.key == key {
        place = last.place
      } else {
        place = places[key] ?? groups.count
        if place == groups.count {
          places[key] = place
          groups.append(Group(before: before, after: after, isGain: after.isAllowed))
        }
        last = (key, place)
      }
      groups[place].add(range, before, after)
    }

    var rows: [Row] {
      groups.map { group in
        Row(
          isGain: group.isGain,
          before: difference.cause(of: group.before, .before, isMixed: group.isMixedBefore),
          after: difference.cause(of: group.after, .after, isMixed: group.isMixedAfter),
          v4: group.v4, v6: group.v6, ranges: group.ranges, rangeCount: group.rangeCount)
      }
    }
  }
}
