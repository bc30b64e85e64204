/// How a log is compressed. The program that did it undoes it.
enum Compression: String, CaseIterable {
  case gzip
  case zstd
  case xz
  case bzip2

  /// The first octets of a file (RFC 1952 §2.3.1, RFC 8878 §3.1.1).
  private var magic: [UInt8] {
    switch self {
    case .gzip: [0x1f, 0x8b]
    case .zstd: [0x28, 0xb5, 0x2f, 0xfd]
    case .xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
    case .bzip2: [0x42, 0x5a, 0x68]
    }
  }

  static let magicOctets = 6

  /// - Returns: nil for a file that is not compressed.
  init?(_ start: UnsafeRawBufferPointer) {
    guard let found = Self.allCases.first(where: { start.starts(with: $0.magic) }) else { return nil }
    self = found
  }

  /// The command that writes what it reads, decompressed.
  var command: [String] { [rawValue, "-dc"] }
}
