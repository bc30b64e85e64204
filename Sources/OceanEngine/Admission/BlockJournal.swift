import Logging
import OceanAccess
import Synchronization

/// Puts blocks on disk in the order in which they came, without keeping anybody waiting.
final class BlockJournal: Sendable {
  private struct Pending {
    var records: [BlockFile.Record] = []
    var isWriting = false
  }

  private let directory: String
  private let store: BlockStore
  private let hammering: any AddressFailures
  private let files: FilePool
  private let logger: Logger
  private let pending = Mutex(Pending())

  /// - Parameter directory: the server's state directory.
  init(directory: String, hammering: any AddressFailures, files: FilePool, logger: Logger) {
    self.directory = directory
    store = BlockStore(directory: directory)
    self.hammering = hammering
    self.files = files
    self.logger = logger
  }

  /// Takes over the blocks that an earlier process left, before anybody connects.
  func restore(blockForSeconds: Int, at now: ClockReading) {
    let loaded = store.load(at: now.wall, blockForSeconds: blockForSeconds)
    if let problem = loaded.problem { logger.warning("some earlier blocks are lost: \(problem)") }
    hammering.restore(loaded.blocks, at: now)
    if !loaded.blocks.isEmpty {
      logger.notice("earlier blocks are in force", metadata: ["count": "\(loaded.blocks.count)"])
    }
  }

  func append(_ records: [BlockFile.Record]) {
    guard !records.isEmpty else { return }
    let mustWrite = pending.withLock { pending in
      pending.records += records
      defer { pending.isWriting = true }
      return !pending.isWriting
    }
    guard mustWrite else { return }
    // A block does not wait for what mail waits for.
    files.submit(
      FilePart(place: .own(directory), turn: 0, isPatient: true) { [self] _ in
        write()
        return nil
      })
  }

  /// Writes until nothing is left: records that come meanwhile go out with the next batch.
  private func write() {
    while true {
      let records = pending.withLock { pending in
        defer { pending.records = [] }
        pending.isWriting = !pending.records.isEmpty
        return pending.records
      }
      guard !records.isEmpty else { return }
      do {
        try store.append(records) { hammering.blocks(at: .now) }
      } catch {
        logger.error("blocks are not on disk; they hold until the server stops: \(error)")
      }
    }
  }
}
