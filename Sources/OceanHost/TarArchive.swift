import Glibc
import OceanCompiler

/// Files by their relative names, as tar(1) packs them: the format `ustar` of POSIX.
package struct TarArchive: Sendable, Hashable {
  package private(set) var files: [String: [UInt8]] = [:]

  private static let block = 512

  /// - Parameter files: by their relative names.
  package init(_ files: [String: [UInt8]]) { self.files = files }

  // MARK: - Reading

  /// Reads an archive. Directories are passed over; of two files with one name the last counts, as if it were unpacked.
  ///
  /// - Throws: half a sentence, if it is not an archive of files with relative names.
  package init(reading bytes: [UInt8]) throws(Failure) {
    var rest = bytes[...]
    // A block of zeros ends it.
    while let first = rest.first, first != 0 {
      let header = Array(rest.prefix(Self.block))
      guard header.count == Self.block, Self.text(header[257..<262]) == "ustar",
        Self.number(header[148..<156]) == Self.checksum(header)
      else { throw Failure("it is not a tar archive") }
      rest = rest.dropFirst(Self.block)
      // GNU tar keeps other things in the place of the prefix.
      let prefix = header[262] == 0 ? Self.text(header[345..<500]) : ""
      let whole = (prefix.isEmpty ? "" : prefix + "/") + Self.text(header[..<100])
      let name = whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
      guard let size = Self.number(header[124..<136]), size <= rest.count else {
        throw Failure("the archive is cut off at '\(whole)'")
      }
      switch header[156] {
      case 0, UInt8(ascii: "0"):
        guard !whole.hasPrefix("/"), !name.isEmpty, !name.split(separator: "/").contains("..") else {
          throw Failure("'\(whole)' in the archive is not below the directory of the config")
        }
        files[name] = Array(rest.prefix(size))
      case UInt8(ascii: "5"), UInt8(ascii: "g"): break
      default:
        throw Failure("'\(whole)' in the archive is not a file: 'tar -h --format=ustar' packs only files")
      }
      rest = rest.dropFirst((size + Self.block - 1) / Self.block * Self.block)
    }
    if files.isEmpty { throw Failure("there is no file in the archive") }
  }

  private static func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func number(_ field: ArraySlice<UInt8>) -> Int? {
    Int(text(field).filter { $0 != " " }, radix: 8).flatMap { $0 >= 0 ? $0 : nil }
  }

  /// The sum of the octets, with spaces in the place of the sum itself.
  private static func checksum(_ header: [UInt8]) -> Int {
    header.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
  }

  // MARK: - Writing

  /// The archive: the same files give the same bytes.
  package var bytes: [UInt8] {
    get throws(Failure) {
      var bytes: [UInt8] = []
      for (name, contents) in files.sorted(by: { $0.key < $1.key }) {
        bytes += try Self.header(name, contents.count) + contents
        bytes += [UInt8](repeating: 0, count: (Self.block - contents.count % Self.block) % Self.block)
      }
      return bytes + [UInt8](repeating: 0, count: 2 * Self.block)
    }
  }

  private static func header(_ name: String, _ size: Int) throws(Failure) -> [UInt8] {
    let octets = Array(name.utf8)
    // What does not fit into the name is put before it, up to a slash.
    let cut =
      octets.count <= 100
      ? 0
      : octets.indices.first { octets[$0] == UInt8(ascii: "/") && octets.count - $0 <= 101 } ?? octets.count
    guard cut <= 155, cut < octets.count else {
      throw Failure("the name '\(name)' is too long to be brought to a node")
    }
    var header = [UInt8](repeating: 0, count: block)
    func put(_ field: some Sequence<UInt8>, at place: Int) {
      for (offset, octet) in field.enumerated() { header[place + offset] = octet }
    }
    func octal(_ number: Int, _ digits: Int) -> [UInt8] {
      let text = String(number, radix: 8)
      return Array((String(repeating: "0", count: max(0, digits - text.utf8.count)) + text).utf8)
    }
    put(octets[(cut > 0 ? cut + 1 : 0)...], at: 0)
    put(octets[..<cut], at: 345)
    put(octal(0o600, 7), at: 100)
    put(octal(size, 11), at: 124)
    put("0".utf8, at: 156)
    put("ustar\u{0}00".utf8, at: 257)
    put(octal(checksum(header), 6), at: 148)
    return header
  }

  // MARK: - In place of a directory

  /// This host's files, but that the archive has what is in a directory and below it, and nothing else is there.
  func access(inPlaceOf folder: String) -> FileAccess {
    let here = Files.access
    let start = folder.hasSuffix("/") ? folder : folder + "/"
    @Sendable func name(of path: String) -> String? {
      let path = Path.resolve(path, inside: folder)
      // Only the system knows where '..' leads.
      guard path.hasPrefix(start), !path.split(separator: "/").contains("..") else { return nil }
      return String(path.dropFirst(start.count))
    }
    return FileAccess(
      read: { path throws(FileAccess.ReadError) in
        guard let name = name(of: path) else { return try here.read(path) }
        guard let bytes = files[name] else { throw .other("it is not in the archive") }
        return bytes
      },
      matches: { pattern in
        guard let pattern = name(of: pattern) else { return here.matches(pattern) }
        return files.keys.filter { fnmatch(pattern, $0, FNM_PATHNAME | FNM_PERIOD) == 0 }.sorted()
          .map { start + $0 }
      },
      directory: { path in
        guard let name = name(of: path) else { return here.directory(path) }
        return name.lastIndex(of: "/").map { start + name[..<$0] } ?? folder
      })
  }
}
