package import OceanAddresses

/// The form of the file in which blocks outlive the process: a header, then a record for each change, oldest
/// first.
///
/// All numbers are little-endian, addresses in network order.
///
/// | at | octets | header |
/// |---|---|---|
/// | 0 | 12 | `ocean blocks` |
/// | 12 | 4 | version: 1 |
///
/// | at | octets | record |
/// |---|---|---|
/// | 0 | 1 | 1: blocked, 2: lifted |
/// | 1 | 1 | 4 or 6, the address family |
/// | 2 | 1 | prefix length |
/// | 3 | 1 | zero |
/// | 4 | 4 | failures |
/// | 8 | 8 | since, nanoseconds since 1970 |
/// | 16 | 8 | until |
/// | 24 | 16 | first address of the prefix; IPv4 in the last four octets, behind zeros |
/// | 40 | 4 | zero |
/// | 44 | 4 | CRC-32C of the octets before |
///
/// In a record of a lifted block, failures, since and until are zero. Each record can be read without the
/// others.
package enum BlockFile {
  /// A change of the blocks.
  package enum Record: Sendable, Hashable {
    case blocked(Block)
    case lifted(IPPrefix)
  }

  /// Why a file is not wholly what ocean wrote.
  package enum Damage: Error, Sendable, Hashable {
    /// The file does not begin like a file of blocks.
    case notBlocks
    /// A different version of ocean wrote it.
    case version(UInt32)
    /// The number of wrong records; the others were read.
    case records(Int)
    case notRegularFile
    /// More than ``BlockFile/maxLength`` octets.
    case tooLarge
  }

  package static let maxLength = 256 << 20

  static let headerLength = 16
  static let recordLength = 48
  private static let version: UInt32 = 1
  private static let magic = Array("ocean blocks".utf8)

  /// The longest end of a file that a write may have left unfinished. If more than this has no good record,
  /// that is damage.
  private static let longestTornEnd = 4096

  // MARK: - Writing

  static func header() -> [UInt8] {
    var bytes = magic
    append(version, to: &bytes)
    return bytes
  }

  static func append(_ record: Record, to bytes: inout [UInt8]) {
    let start = bytes.count
    let (kind, prefix, block): (UInt8, IPPrefix, Block?) =
      switch record {
      case .blocked(let block): (1, block.prefix, block)
      case .lifted(let prefix): (2, prefix, nil)
      }
    bytes.append(contentsOf: [
      kind, prefix.family == .v4 ? 4 : 6, UInt8(truncatingIfNeeded: prefix.length), 0,
    ])
    append(UInt32(clamping: block?.failures ?? 0), to: &bytes)
    append(block?.since ?? 0, to: &bytes)
    append(block?.until ?? 0, to: &bytes)
    append(prefix.network.value.byteSwapped, to: &bytes)
    append(UInt32(0), to: &bytes)
    append(CRC32C.checksum(bytes[start...]), to: &bytes)
  }

  private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  // MARK: - Reading

  /// The good records in order, whatever the bytes are.
  ///
  /// The process may have been killed, or the machine stopped, in the middle of a write: wrong bytes behind
  /// the last good record do not count as damage.
  package static func read(_ bytes: UnsafeRawBufferPointer) -> (records: [Record], damage: Damage?) {
    guard bytes.count <= maxLength else { return ([], .tooLarge) }
    let header = header()
    guard bytes.count >= headerLength else {
      return ([], header.starts(with: bytes) ? nil : .notBlocks)
    }
    guard bytes.starts(with: magic) else { return ([], .notBlocks) }
    let found: UInt32 = number(bytes, at: magic.count)
    guard found == version else { return ([], .version(found)) }

    var records: [Record] = []
    var (wrong, wrongAtEnd) = (0, 0)
    for start in stride(from: headerLength, through: bytes.count - recordLength, by: recordLength) {
      if let record = record(UnsafeRawBufferPointer(rebasing: bytes[start..<start + recordLength])) {
        records.append(record)
        wrong += wrongAtEnd
        wrongAtEnd = 0
      } else {
        wrongAtEnd += 1
      }
    }
    if wrongAtEnd * recordLength > longestTornEnd { wrong += wrongAtEnd }
    return (records, wrong > 0 ? .records(wrong) : nil)
  }

  /// Reads a record; nil for bytes that `append` would not have written.
  private static func record(_ bytes: UnsafeRawBufferPointer) -> Record? {
    let checksum: UInt32 = number(bytes, at: recordLength - 4)
    guard CRC32C.checksum(bytes.prefix(recordLength - 4)) == checksum else { return nil }
    let value: UInt128 = number(bytes, at: 24)
    let family: IPFamily = bytes[1] == 4 ? .v4 : .v6
    let prefix = IPPrefix(IPAddress(family: family, value: value.byteSwapped), length: Int(bytes[2]))
    let failures: UInt32 = number(bytes, at: 4)
    let record: Record
    switch bytes[0] {
    case 1:
      record = .blocked(
        Block(
          prefix: prefix, since: number(bytes, at: 8), until: number(bytes, at: 16), failures: Int(failures)))
    case 2: record = .lifted(prefix)
    default: return nil
    }
    var written: [UInt8] = []
    append(record, to: &written)
    return written.elementsEqual(bytes) ? record : nil
  }

  private static func number<Number: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, at offset: Int
  ) -> Number {
    Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
  }

  // MARK: - What it comes to

  /// The blocks in force after all records, by prefix.
  ///
  /// Each block ends at the latest `blockFor` from now: if the clock was wrong once, an address is not
  /// blocked for years.
  package static func blocks(
    after records: [Record], at wall: Int64, blockForSeconds: Int
  ) -> [Block] {
    var blocks: [IPPrefix: Block] = [:]
    for record in records {
      switch record {
      case .blocked(let block): blocks[block.prefix] = block
      case .lifted(let prefix): blocks[prefix] = nil
      }
    }
    let (sum, overflow) = wall.addingReportingOverflow(.nanoseconds(seconds: blockForSeconds))
    let latest = overflow ? Int64.max : sum
    return blocks.values.filter { $0.until > wall }.map { block in
      Block(
        prefix: block.prefix, since: min(block.since, wall), until: min(block.until, latest),
        failures: block.failures)
    }.sorted { $0.prefix < $1.prefix }
  }
}
