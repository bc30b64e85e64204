import Glibc
import OceanBase

/// Finds out which file system a path leads to, symbolic links included. It touches one file system at a
/// time: before it goes on to a different one it says so, since that one may not answer.
struct PathWalk: Sendable {
  enum Step: Equatable {
    /// The rest of the way is on a different file system: `mount`.
    case crossed
    /// The file system of the path is `mount`.
    ///
    /// - Parameter isCertain: whether all of the path is there and could be looked at.
    case arrived(isCertain: Bool)
  }

  /// The number of links that the kernel follows in one path.
  private static let maxLinks = 40

  let path: String
  /// The file system that the next call of `advance` touches.
  private(set) var mount: MountTable.Mount
  private let table: MountTable
  /// A directory without symbolic links on the way to it; empty for the root.
  private var place = ""
  /// Names that are still to be walked, the last one first.
  private var rest: [Substring]
  private var links = 0

  /// - Parameter path: absolute.
  init(_ path: String, _ table: MountTable) {
    self.path = path
    self.table = table
    mount = table.mount(holding: "")
    rest = Self.names(in: path)
  }

  private static func names(in path: String) -> [Substring] {
    path.split(separator: "/").reversed()
  }

  /// Whether nothing has been walked yet.
  var isAtStart: Bool { place.isEmpty && links == 0 }

  /// Walks until the path ends or leaves the present file system.
  mutating func advance() -> Step {
    while let name = rest.popLast() {
      let device = mount.device
      switch name {
      case ".": continue
      case "..": go(to: String(place[..<(place.lastIndex(of: "/") ?? place.startIndex)]))
      default:
        let next = place + "/" + name
        if table.mounts[next] != nil {
          go(to: next)
        } else if let target = Self.target(of: next) {
          links += 1
          guard links <= Self.maxLinks else { return .arrived(isCertain: false) }
          rest += Self.names(in: target)
          if target.hasPrefix("/") { go(to: "") }
        } else if errno == EINVAL {
          place = next
        } else {
          return .arrived(isCertain: false)
        }
      }
      if mount.device != device { return .crossed }
    }
    return .arrived(isCertain: true)
  }

  private mutating func go(to place: String) {
    self.place = place
    mount = table.mount(holding: place)
  }

  /// The target of a link; nil, with errno set, if there is no link of that name: EINVAL if it is something
  /// else.
  private static func target(of path: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
      guard let start = buffer.baseAddress else { return nil }
      let count = readlink(path, start, buffer.count - 1)
      guard count >= 0 else { return nil }
      buffer[count] = 0
      guard let target = String(validatingCString: start) else {
        errno = EILSEQ
        return nil
      }
      return target
    }
  }
}
