@testable import OceanStore
import OceanUIDL

/// Another server's list. The first byte chooses the server, the second the pieces in which the list comes.
@_cdecl("fuzz_uidlist")
func fuzzUIDList(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeRawBufferPointer(start: start, count: count))
  guard bytes.count > 2 else { return 0 }
  let file = Array(bytes[2...])
  // The input is also used as a format for Dovecot's ids.
  let format = try? DovecotUIDLFormat(String(decoding: file.prefix { $0 != 10 }.prefix(64), as: UTF8.self))
  if let format { precondition((try? DovecotUIDLFormat(format.description)) == format) }
  let formats = [DovecotUIDLFormat.standard, .cyrus, format ?? .standard]
  func entries(_ piece: Int) -> [Entry] {
    if bytes[0] & 3 == 3 { return parse(file, CourierSizeList(), piece) }
    return parse(file, DovecotUIDList(formats[Int(bytes[0] & 3)]), piece)
  }
  let whole = entries(file.count)
  precondition(whole == entries(max(Int(bytes[1]), 1)), "in other pieces it says something else")
  for entry in whole {
    precondition(!entry.name.isEmpty && !entry.name.contains(UInt8(ascii: "/")) && !entry.name.contains(10))
  }
  precondition(whole.count <= file.count { $0 == 10 }, "at most one message a line")
  return 0
}

private struct Entry: Equatable {
  let name: [UInt8]
  let id: [UInt8]
  let rank: UInt64
  let octets: UInt64?
  let bytes: UInt64?
}

private func parse(_ file: [UInt8], _ parser: any ForeignLineParser, _ piece: Int) -> [Entry] {
  var parser = parser
  var entries: [Entry] = []
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: ForeignList.longestLine + 256, alignment: 1)
  defer { memory.deallocate() }
  var lines = LineSplitter(memory)
  var position = 0
  while position < file.count {
    let count = min(piece, lines.free.count, file.count - position)
    precondition(count > 0, "there is always room to read")
    lines.free.copyBytes(from: file[position..<position + count])
    lines.take(count) { line in
      parser.parse(line, { _ in true }) {
        entries.append(
          Entry(
            name: Array($0.name.base), id: Array($0.id), rank: $0.rank, octets: $0.octets, bytes: $0.bytes))
      }
    }
    position += count
  }
  return entries
}
