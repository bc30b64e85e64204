import OceanPlan

/// The IPv4 space in cells of one size, and for each what becomes of the addresses in it: sums of many pieces, which
/// say of a cell that different things become of its addresses, but not of which.
struct CellGrid: Sendable {
  /// The length of a cell's prefix: 1024 by 1024 cells of 4096 addresses.
  static let length = 20
  private static let shift = UInt32(32 - length)

  /// One bit for each of: refused before and after, newly allowed, newly refused, allowed before and after.
  typealias Mask = UInt8

  private(set) var masks = [Mask](repeating: 0, count: 1 << length)

  init(_ pieces: [Piece<UInt32>]) { for piece in pieces { add(piece) } }

  mutating func add(_ piece: Piece<UInt32>) {
    let mask: Mask = 1 << ((piece.before.isAllowed ? 2 : 0) + (piece.after.isAllowed ? 1 : 0))
    let (start, end) = (Int(piece.first >> Self.shift), Int(piece.last >> Self.shift))
    guard start <= end else { return }
    masks.withUnsafeMutableBufferPointer { masks in
      for cell in start...end { masks[cell] |= mask }
    }
  }

  /// The masks by ascending addresses as runs: an octet with the mask above and the length of the run below; if that is
  /// zero, the length follows in groups of seven bits.
  var runs: [UInt8] {
    var bytes: [UInt8] = []
    var start = 0
    while start < masks.count {
      var end = start + 1
      while end < masks.count, masks[end] == masks[start] { end += 1 }
      let length = end - start
      if length < 16 {
        bytes.append(masks[start] << 4 | UInt8(length))
      } else {
        bytes.append(masks[start] << 4)
        bytes.append(number: UInt64(length))
      }
      start = end
    }
    return bytes
  }
}

extension [UInt8] {
  /// Appends a number in groups of seven bits, the lowest first; the eighth bit says that more follow.
  mutating func append(number: UInt64) {
    var rest = number
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }
}
