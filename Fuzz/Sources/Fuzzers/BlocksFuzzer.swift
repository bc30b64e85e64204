@testable import OceanAccess
import OceanAddresses

/// The file of blocks, as some crash may have left it. The checksum of each record is corrected before the
/// file is read a second time, because it would otherwise keep everything out.
@_cdecl("fuzz_blocks")
func fuzzBlocks(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var bytes = Array(UnsafeBufferPointer(start: start, count: count))
  check(bytes)
  bytes.replaceSubrange(..<min(bytes.count, BlockFile.headerLength), with: BlockFile.header())
  let ends = stride(
    from: BlockFile.headerLength + BlockFile.recordLength, through: bytes.count, by: BlockFile.recordLength)
  for end in ends {
    let sum = CRC32C.checksum(bytes[end - BlockFile.recordLength..<end - 4])
    withUnsafeBytes(of: sum.littleEndian) { bytes.replaceSubrange(end - 4..<end, with: $0) }
  }
  check(bytes)
  return 0
}

/// Checks that records can be written and read again, and that a beginning of the file gives a beginning of
/// the history.
private func check(_ bytes: [UInt8]) {
  let (records, damage) = bytes.withUnsafeBytes(BlockFile.read)
  if let damage { precondition(!damage.description.isEmpty) }
  let part = bytes.withUnsafeBytes { BlockFile.read(.init(rebasing: $0[..<(bytes.count * 2 / 3)])).records }
  precondition(records.starts(with: part))

  var written = BlockFile.header()
  for record in records { BlockFile.append(record, to: &written) }
  let again = written.withUnsafeBytes(BlockFile.read)
  precondition(again.records == records && again.damage == nil)

  for wall in [Int64.min, 0, 1_800_000_000_000_000_000, .max] {
    let blocks = BlockFile.blocks(after: records, at: wall, blockForSeconds: 1800)
    let limits = AntiHammering.Limits(failureDelayMilliseconds: 0, neverBlock: AddressSet())
    let guardian = AntiHammering(limits, capacity: 16)
    let now = ClockReading(monotonic: 0, wall: wall)
    guardian.restore(blocks, at: now)
    let restored = guardian.blocks(at: now)
    precondition(restored.count <= blocks.count)
    for block in blocks + restored {
      precondition(block.until > wall && block.since <= wall)
      precondition(wall > .max - 1_800_000_000_000 || block.until <= wall + 1_800_000_000_000)
    }
    precondition(guardian.blocks(at: ClockReading(monotonic: 1_800_000_000_000, wall: wall)).isEmpty)
  }
}
