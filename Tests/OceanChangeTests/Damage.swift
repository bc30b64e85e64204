import Foundation
import OceanHost

/// What becomes of a file that a machine wrote when its power went, or that somebody touched.
enum Damage: CaseIterable, Sendable {
  case half, firstLine, empty, zeroed, flipped, otherFormat, directory, dangling

  /// Whether it still says which plan it held.
  var leavesFirstLine: Bool { self == .half || self == .flipped }

  /// What is said of it begins so.
  var reason: String {
    switch self {
    case .half: "it holds "
    case .firstLine, .zeroed, .otherFormat: "its first line is not that of a kept plan: "
    case .empty: "it is empty"
    case .flipped: "it no longer holds what was written"
    case .directory: "it is a directory"
    case .dangling: "there is no such file"
    }
  }

  func make(_ path: String) throws {
    let bytes = try Files.read(path, limit: 1 << 24)
    let end = (bytes.firstIndex(of: 10) ?? 0) + 1
    func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(filePath: path)) }
    switch self {
    case .half: try write(Array(bytes[..<(end + (bytes.count - end) / 2)]))
    case .firstLine: try write(Array(bytes[..<(end / 2)]))
    case .empty: try write([])
    case .zeroed: try write([UInt8](repeating: 0, count: bytes.count))
    case .flipped:
      var bytes = bytes
      bytes[end + (bytes.count - end) / 2] ^= 1
      try write(bytes)
    case .otherFormat:
      try write(
        Array(
          String(decoding: bytes, as: UTF8.self)
            .replacing("\"format_version\":1", with: "\"format_version\":9", maxReplacements: 1).utf8))
    case .directory:
      unlink(path)
      mkdir(path, 0o700)
    case .dangling:
      unlink(path)
      symlink("nowhere", path)
    }
  }
}
