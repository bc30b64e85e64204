internal import Glibc
internal import OceanBase
internal import Synchronization

/// Keeps blocks in the file `blocks` of a directory, so that they outlive a restart and a kill.
///
/// Changes are appended (``BlockFile``). In three cases the file is rewritten from the present blocks: at the
/// first change of a process, after a failure, and if it would become too long. The new file is `blocks.new`,
/// which replaces the old one when it is on disk. So changes that were lost while the disk was full are there
/// again once it is not.
///
/// Blocks the thread, so not for event loops. One process at a time.
package final class BlockStore: Sendable {
  /// The step that failed, the file, and the `errno`.
  package struct Failure: Error, Sendable, Hashable {
    package enum Step: String, Sendable {
      case open, read, write, sync, rename
    }

    package let step: Step
    package let path: String
    package let errno: CInt
  }

  /// The content of the file.
  package struct Loaded: Sendable {
    /// The blocks in force, by prefix.
    package let blocks: [Block]
    /// Why there may have been more blocks.
    package let problem: Problem?
  }

  package enum Problem: Error, Sendable, Hashable {
    /// The file was set aside as `blocks.damaged`, unless that failed.
    case damaged(BlockFile.Damage, setAside: Bool)
    case unreadable(Failure)
  }

  /// A file up to this long is not rewritten because of its length.
  static let leastLimit = 256 << 10

  private let path: String
  private let directory: String
  private let state = Mutex(State())

  private struct State {
    /// The descriptor of the file, to append to; -1 before it was rewritten.
    var descriptor: CInt = -1
    var length = 0
    /// The length from which on it is rewritten.
    var limit = 0

    /// Makes the next change rewrite the file.
    mutating func forget() {
      if descriptor >= 0 { close(descriptor) }
      self = State()
    }
  }

  package init(directory: String) {
    self.directory = directory
    path = directory + "/blocks"
  }

  deinit {
    state.withLock { $0.forget() }
  }

  /// Reads what an earlier process left. A failure is never a reason not to start.
  ///
  /// - Parameter wall: the wall clock, in nanoseconds since 1970.
  package func load(at wall: Int64, blockForSeconds: Int) -> Loaded {
    state.withLock { _ in
      let contents: Result<[UInt8], BlockFile.Damage>
      do throws(Failure) {
        contents = try read()
      } catch {
        return Loaded(blocks: [], problem: .unreadable(error))
      }
      let (records, damage) =
        switch contents {
        case .success(let bytes): bytes.withUnsafeBytes(BlockFile.read)
        case .failure(let damage): ([BlockFile.Record](), damage)
        }
      let problem = damage.map { damage in
        Problem.damaged(damage, setAside: rename(path, path + ".damaged") == 0)
      }
      return Loaded(
        blocks: BlockFile.blocks(after: records, at: wall, blockForSeconds: blockForSeconds),
        problem: problem)
    }
  }

  /// Puts changes on disk; they are durable when it returns.
  ///
  /// - Parameters:
  ///   - records: changes already made in memory, in that order. Changes that two callers append at once have
  ///     no order, so all changes of an address must go through one of them.
  ///   - blocks: all blocks in force, including these changes, for a file that is rewritten.
  /// - Throws: the changes may be lost at a restart, until the next call succeeds.
  package func append(
    _ records: [BlockFile.Record], blocks: () -> [Block]
  ) throws(Failure) {
    guard !records.isEmpty else { return }
    let result = state.withLock { state -> Result<Void, Failure> in
      do throws(Failure) {
        let added = records.count * BlockFile.recordLength
        if state.descriptor >= 0, state.length + added <= state.limit {
          var bytes: [UInt8] = []
          bytes.reserveCapacity(added)
          for record in records { BlockFile.append(record, to: &bytes) }
          try write(bytes, to: state.descriptor, path)
          guard fdatasync(state.descriptor) == 0 else { throw failure(.sync, path) }
          state.length += added
        } else {
          try rewrite(blocks(), &state)
        }
        return .success(())
      } catch {
        // The end of the file is unknown now.
        state.forget()
        return .failure(error)
      }
    }
    try result.get()
  }

  // MARK: -

  private func rewrite(_ blocks: [Block], _ state: inout State) throws(Failure) {
    var bytes = BlockFile.header()
    bytes.reserveCapacity(bytes.count + blocks.count * BlockFile.recordLength)
    for block in blocks { BlockFile.append(.blocked(block), to: &bytes) }

    let new = path + ".new"
    // A process that was killed may have left a file there. If it were a FIFO, opening it would keep the
    // thread waiting.
    unlink(new)
    let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw failure(.open, new) }
    do throws(Failure) {
      try write(bytes, to: descriptor, new)
      guard fsync(descriptor) == 0 else { throw failure(.sync, new) }
      guard rename(new, path) == 0 else { throw failure(.rename, new) }
      try syncDirectory()
    } catch {
      close(descriptor)
      unlink(new)
      throw error
    }
    state.forget()
    state = State(
      descriptor: descriptor, length: bytes.count, limit: max(2 * bytes.count, Self.leastLimit))
  }

  /// Makes the new name outlive a power cut.
  private func syncDirectory() throws(Failure) {
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(.open, directory) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failure(.sync, directory) }
  }

  private func write(_ bytes: [UInt8], to descriptor: CInt, _ path: String) throws(Failure) {
    do throws(WriteError) {
      try writeAll(bytes, to: descriptor)
    } catch {
      throw Failure(step: .write, path: path, errno: error.code)
    }
  }

  /// Reads the file; empty if it is missing.
  private func read() throws(Failure) -> Result<[UInt8], BlockFile.Damage> {
    let descriptor: Int32
    do throws(RegularFileError) {
      descriptor = try openRegularFile(path, O_RDONLY)
    } catch .system(ENOENT) {
      return .success([])
    } catch .system(let code) {
      throw Failure(step: .open, path: path, errno: code)
    } catch {
      return .failure(.notRegularFile)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(.read, path) }
    guard status.st_size <= BlockFile.maxLength else { return .failure(.tooLarge) }

    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled)
      }
      if count == 0 { break }
      if count > 0 {
        filled += count
      } else if errno != EINTR {
        throw failure(.read, path)
      }
    }
    bytes.removeSubrange(filled...)
    return .success(bytes)
  }

  private func failure(_ step: Failure.Step, _ path: String) -> Failure {
    Failure(step: step, path: path, errno: errno)
  }
}

// MARK: - For the log

extension BlockFile.Damage: CustomStringConvertible {
  package var description: String {
    switch self {
    case .notBlocks: "it is not a file of blocks"
    case .version(let version): "it has version \(version), which this build does not know"
    case .records(1): "one of its records is wrong; the others were read"
    case .records(let count): "\(count) of its records are wrong; the others were read"
    case .notRegularFile: "it is not a regular file"
    case .tooLarge: "it is too large"
    }
  }
}

extension BlockStore.Failure: CustomStringConvertible {
  package var description: String { "cannot \(step.rawValue) \(path): \(errorText(errno))" }
}
