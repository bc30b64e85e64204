import Glibc

/// A directory of its own, below TMPDIR or /tmp unless another place is given. It is removed with everything in it when the value goes.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package struct SystemError: Error { let code = errno }

  package init(in parent: String? = nil) throws(SystemError) {
    let parent = parent ?? getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/ocean-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError() }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  deinit {
    // A process that still writes into it, because it has just been told to end, gets time to finish.
    for _ in 0..<100 {
      Self.removeAll(path.utf8CString.dropLast())
      guard access(path, F_OK) == 0 else { return }
      usleep(10_000)
    }
  }

  /// Names are arbitrary bytes, so the paths are too.
  private static func removeAll(_ path: ArraySlice<CChar>) {
    let terminated = Array(path) + [0]
    if let directory = opendir(terminated) {
      while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) {
          $0.prefix { $0 != 0 }.map(CChar.init(bitPattern:))
        }
        if name == [0x2e] || name == [0x2e, 0x2e] { continue }
        removeAll(path + [0x2f] + name)
      }
      closedir(directory)
    }
    remove(terminated)
  }
}
