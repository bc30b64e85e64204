import Glibc
import OceanBase
import OceanReplay

/// The octets of one log, read in blocks of lines: a file, which may be compressed, or standard input. One thread at a
/// time has it.
final class LogInput: @unchecked Sendable {
  /// The longest line that is read. The server's lines are far shorter.
  static let maxLine = 64 << 10

  /// The log's name, for people.
  let name: String
  /// The file's octets; nil for a pipe.
  let octets: UInt64?
  let stamp: FileStamp
  private let file: Int32
  private let compression: Compression?
  private var child: ChildOutput?
  /// Where octets are read: the file, or the program that decompresses it.
  private var input: Int32
  /// The start of a line whose end was not read yet.
  private var rest: [UInt8] = []
  /// Whether that line is too long to be kept.
  private var isTooLong = false
  private var isAtEnd = false
  private var hasRead = false

  /// - Parameter path: `-` is standard input.
  init(_ path: String) throws(Failure) {
    name = (path == Files.standardInput ? "standard input" : path).escapedForDisplay
    let file =
      path == Files.standardInput ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Failure("cannot read \(name): \(errorText(errno))") }
    (self.file, input) = (file, file)
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
      close(file)
      throw Failure("cannot read \(name): it is a directory; give the log itself")
    }
    let isRegular = status.st_mode & S_IFMT == S_IFREG
    octets = isRegular ? UInt64(clamping: status.st_size) : nil
    stamp = FileStamp(status)
    var start = [UInt8](repeating: 0, count: Compression.magicOctets)
    let count = isRegular ? pread(file, &start, start.count, 0) : 0
    compression = start.withUnsafeBytes {
      Compression(UnsafeRawBufferPointer(rebasing: $0[..<max(count, 0)]))
    }
  }

  deinit {
    if let child = child.take() { _ = child.end() }
    close(file)
  }

  /// How much of the file has been read. Any thread may ask.
  var octetsRead: UInt64 {
    // A program that decompresses it shares the position.
    octets == nil ? 0 : UInt64(max(lseek(file, 0, SEEK_CUR), 0))
  }

  /// Goes back to the first line of a file.
  func rewind() throws(Failure) {
    if let child = child.take() { _ = child.end() }
    guard lseek(file, 0, SEEK_SET) == 0 else { throw failure(errno) }
    (isTooLong, isAtEnd, hasRead, input) = (false, false, false, file)
    rest = []
  }

  /// Reads the next lines.
  ///
  /// - Returns: false at the end.
  func read(into block: LogBlock) throws(Failure) -> Bool {
    block.removeAll()
    var count = rest.count
    block.buffer.copyBytes(from: rest)
    while block.isEmpty, !isAtEnd {
      let start = count
      count += try fill(UnsafeMutableRawBufferPointer(rebasing: block.buffer[start...]))
      let bytes = UnsafeRawBufferPointer(rebasing: block.buffer[..<count])
      let unread = split(bytes, from: start, into: block)
      count = unread.count
      // Only where no line has ended; the lines of the block stay where they are.
      if block.isEmpty { block.buffer.copyMemory(from: unread) } else { rest = Array(unread) }
    }
    return !block.isEmpty
  }

  /// Finds the lines in what was read.
  ///
  /// - Parameter start: where what has just been read begins.
  /// - Returns: the start of a line that is not there in full.
  private func split(_ bytes: UnsafeRawBufferPointer, from start: Int, into block: LogBlock)
    -> UnsafeRawBufferPointer
  {
    var (lineStart, searched) = (0, start)
    while let end = bytes.firstIndex(of: 0x0a, from: searched) {
      if isTooLong || end - lineStart > Self.maxLine {
        block.appendTooLong()
        isTooLong = false
      } else {
        block.append(UnsafeRawBufferPointer(rebasing: bytes[lineStart..<end]), isEnded: true)
      }
      (lineStart, searched) = (end + 1, end + 1)
    }
    var unread = UnsafeRawBufferPointer(rebasing: bytes[lineStart...])
    if isAtEnd {
      if isTooLong {
        block.appendTooLong()
      } else if !unread.isEmpty {
        block.append(unread, isEnded: false)
      }
      unread = UnsafeRawBufferPointer(rebasing: bytes[bytes.count...])
    } else if unread.count > Self.maxLine {
      isTooLong = true
      unread = UnsafeRawBufferPointer(rebasing: bytes[bytes.count...])
    }
    return unread
  }

  /// - Returns: how much was read; at the end 0.
  private func fill(_ space: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
    if input == file, let compression { try start(compression) }
    while true {
      let read = Glibc.read(input, space.baseAddress, space.count)
      if read < 0, errno == EINTR { continue }
      guard read >= 0 else { throw failure(errno) }
      if read == 0 {
        try end()
      } else if !hasRead, octets == nil {
        try refusePacked(UnsafeRawBufferPointer(rebasing: space[..<read]))
      }
      hasRead = true
      return read
    }
  }

  private func start(_ compression: Compression) throws(Failure) {
    guard lseek(file, 0, SEEK_SET) == 0 else { throw failure(errno) }
    do throws(ChildOutput.StartError) {
      let program = try ChildOutput(compression.command, input: file, isSilent: true)
      input = program.descriptor
      child = consume program
    } catch {
      throw Failure(
        "\(name) is compressed with \(compression.rawValue), which cannot be run here: \(errorText(error.code))"
      )
    }
  }

  private func end() throws(Failure) {
    isAtEnd = true
    guard let child = child.take(), let compression else { return }
    guard child.end() else {
      throw Failure("\(name) is damaged or cut off: \(compression.rawValue) cannot decompress all of it")
    }
  }

  /// What a pipe brings cannot be given to another program any more.
  private func refusePacked(_ start: UnsafeRawBufferPointer) throws(Failure) {
    guard let compression = Compression(start) else { return }
    throw Failure(
      "\(name) is compressed: decompress it first, with \(compression.command.joined(separator: " "))")
  }

  private func failure(_ code: Int32) -> Failure { Failure("cannot read \(name): \(errorText(code))") }
}
