import Foundation

/// Makes file calls of a server fail, or kills the server during one: Tests/Faults/faults.c, preloaded into
/// it.
final class Faults {
  /// The values are those in faults.c.
  struct Calls: OptionSet {
    let rawValue: UInt32

    static let open = Calls(rawValue: 1)
    static let unlink = Calls(rawValue: 2)
    static let rename = Calls(rawValue: 4)
    static let write = Calls(rawValue: 8)
    static let sync = Calls(rawValue: 16)
    static let read = Calls(rawValue: 32)
    static let status = Calls(rawValue: 64)
    static let list = Calls(rawValue: 128)
    static let truncate = Calls(rawValue: 256)
    static let makeDirectory = Calls(rawValue: 512)

    /// All calls that change anything.
    static let changing: Calls = [.open, .unlink, .rename, .write, .sync, .truncate, .makeDirectory]
  }

  enum Action {
    case fail(Int32)
    /// Killed before the call has any effect.
    case kill
    /// Killed like `kill`, but half of the data is written.
    case killHalfway
    /// The call takes a tenth of a second longer, as on a slow disk.
    case slow
    /// The call does not return before `disarm`, as on a disk that does not answer.
    case hang

    fileprivate var code: Int32 {
      switch self {
      case .fail(let errno): errno
      case .kill: 0
      case .killHalfway: -1
      case .slow: -2
      case .hang: -3
      }
    }
  }

  private let page: UnsafeMutableRawPointer
  private let file: String
  private let library: String
  private static let size = 4096
  private static let pathRoom = 1024

  /// Compiles the library, into the workspace.
  init(_ workspace: Workspace) throws {
    library = workspace.path("faults.so")
    let source =
      URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent() / "Faults/faults.c"
    let compiler = try workspace.run(
      "cc", ["-O1", "-shared", "-fPIC", "-Wall", "-Wextra", "-Werror", "-o", library, source.path])
    guard compiler.status == .exited(0) else { throw Failure(compiler.errorOutput) }

    file = workspace.path("faults")
    let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    defer { close(descriptor) }
    guard fchmod(descriptor, 0o666) == 0, ftruncate(descriptor, off_t(Self.size)) == 0,
      let page = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), page != MAP_FAILED
    else { throw Failure("cannot map \(file)") }
    self.page = page
  }

  deinit { munmap(page, Self.size) }

  /// The environment to start the server with.
  var environment: [String: String] { ["LD_PRELOAD": library, "OCEAN_FAULTS": file] }

  static let canRun = Command.find("cc") != nil
  /// Whether the tests must not be skipped.
  static let mustRun = ProcessInfo.processInfo.environment["CI"] == "true"

  /// Applies an action to calls from now on.
  ///
  /// - Parameters:
  ///   - parts: one of them must be in the path that the call is about.
  ///   - first: the first of the calls that it happens to, counted from 0.
  ///   - count: how many calls it happens to.
  func arm(_ calls: Calls, on parts: [String], _ action: Action, first: Int = 0, count: Int = .max) {
    disarm()
    page.storeBytes(of: action.code, toByteOffset: 4, as: Int32.self)
    page.storeBytes(of: UInt32(first), toByteOffset: 8, as: UInt32.self)
    page.storeBytes(of: UInt32(clamping: count), toByteOffset: 12, as: UInt32.self)
    page.storeBytes(of: 0, toByteOffset: 16, as: UInt32.self)
    let bytes = parts.joined(separator: "\0").utf8 + [0, 0]
    precondition(bytes.count < Self.pathRoom)
    (page + 64).initializeMemory(as: UInt8.self, repeating: 0, count: Self.pathRoom)
    (page + 64).copyMemory(from: bytes, byteCount: bytes.count)
    page.storeBytes(of: calls.rawValue, as: UInt32.self)
  }

  func disarm() { page.storeBytes(of: 0, as: UInt32.self) }

  /// How many of these calls have been made since.
  var met: Int { Int(page.load(fromByteOffset: 16, as: UInt32.self)) }
}
