import OceanPlan

/// A range of addresses of one family about which both plans decide by the same.
struct Piece<Word: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
  let first: Word
  /// Inclusive.
  var last: Word
  let before: AccessDifference.Standing
  let after: AccessDifference.Standing

  /// One less than the number of its addresses, which may be one more than fits.
  var extent: Word { last - first }
}

/// The largest of many pieces, at most so many. Of pieces of one size, those with the lower addresses are kept.
struct LargestPieces<Word: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
  private let limit: Int
  /// All of them, as long as they are not many more than the limit.
  private(set) var kept: [Piece<Word>] = []
  /// Pieces that are not larger are not kept any more.
  private var floor: Word?
  /// How many there were.
  private(set) var count = 0

  init(limit: Int) { self.limit = limit }

  var isComplete: Bool { count <= limit }

  /// Adds a piece; they come by ascending addresses.
  mutating func add(_ piece: Piece<Word>) {
    count += 1
    if let floor, piece.extent <= floor { return }
    kept.append(piece)
    // Sorting is seldom, and what it leaves is in order.
    if kept.count >= 4 * limit { reduce() }
  }

  /// The pieces by ascending addresses.
  var pieces: [Piece<Word>] {
    guard kept.count > limit else { return kept }
    var copy = self
    copy.reduce()
    return copy.kept
  }

  private mutating func reduce() {
    let extents = kept.map(\.extent).sorted(by: >)
    guard limit < extents.count else { return }
    let least = extents[limit]
    let larger = kept.filter { $0.extent > least }
    var room = limit - larger.count
    kept = kept.filter { piece in
      if piece.extent > least { return true }
      guard piece.extent == least, room > 0 else { return false }
      room -= 1
      return true
    }
    floor = least
  }
}
