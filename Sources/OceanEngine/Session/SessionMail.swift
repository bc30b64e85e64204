import NIOCore
import NIOPosix
import OceanPOP3
import OceanStore

/// A session's mailbox, and the message that is on its way to the client.
struct SessionMail {
  /// A piece of a message that is wanted.
  enum Wanted {
    /// - Parameter isLastTry: whether to give up on a message that is being changed.
    case first(message: Int, lines: Int?, isLastTry: Bool)
    case next
  }

  typealias Piece = (file: MessageFile, chunk: Transfer.Chunk)

  /// How to get a wanted piece.
  enum Reading {
    /// The page cache holds it.
    case piece(Piece)
    /// Reading may wait for a disk: a pool's work.
    case pool(Mailbox, @Sendable (Cancellation) throws -> Piece)
  }

  /// The result of a piece.
  enum Progress {
    /// More is to come.
    case partly
    case sent(octets: UInt64, isWhole: Bool)
    /// Another program is changing the message.
    case tryLater(Wanted)
    case failed(MessageFailure, any Error, reason: String)
  }

  private var mailbox: Mailbox?
  private var transfer: Transfer?

  var isOpen: Bool { mailbox != nil }

  /// Whether a message goes on by itself as soon as there is room for it.
  var isSending: Bool { transfer?.isReading == false }

  mutating func open(_ mailbox: Mailbox) { self.mailbox = mailbox }

  // MARK: Messages

  /// Reads a piece; if the page cache holds it, here and now.
  ///
  /// - Returns: nil if nothing is there to be read.
  mutating func read(_ wanted: Wanted) -> Reading? {
    guard let mailbox else { return nil }
    switch wanted {
    case .first(let message, _, _):
      if let file = mailbox.openMessageIfCached(message), let chunk = Transfer.Chunk(cached: file, at: 0) {
        return .piece((file, chunk))
      }
      return .pool(mailbox) { try Transfer.Chunk.first(of: message, in: mailbox, $0) }
    case .next:
      guard let transfer else { return nil }
      let (file, offset) = (transfer.file, transfer.offset)
      if let chunk = Transfer.Chunk(cached: file, at: offset) { return .piece((file, chunk)) }
      self.transfer?.isReading = true
      return .pool(mailbox) { _ in (file, try Transfer.Chunk(of: file, at: offset)) }
    }
  }

  mutating func take(
    _ result: Result<Piece, any Error>, of wanted: Wanted, _ session: inout Session, output: inout ByteBuffer
  ) -> Progress {
    switch result {
    case .success(let piece):
      if case .first(let message, let lines, _) = wanted {
        session.messageOpened(octets: piece.file.octets, output: &output)
        transfer = Transfer(message: message, file: piece.file, lines: lines)
      }
      return send(piece.chunk, &session, output: &output)
    case .failure(let error):
      return fail(error, wanted)
    }
  }

  private mutating func send(
    _ chunk: Transfer.Chunk, _ session: inout Session, output: inout ByteBuffer
  ) -> Progress {
    guard transfer?.encode(chunk, into: &output) == true, let sent = transfer else { return .partly }
    transfer = nil
    session.messageSent()
    return .sent(octets: sent.octets, isWhole: sent.isWhole)
  }

  private mutating func fail(_ error: any Error, _ wanted: Wanted) -> Progress {
    switch wanted {
    case .first(let message, let lines, let isLastTry):
      if case StoreError.changed = error, !isLastTry {
        return .tryLater(.first(message: message, lines: lines, isLastTry: true))
      }
      let failure = (error as? StoreError)?.messageFailure ?? .temporary
      return .failed(failure, error, reason: reason(of: error, message))
    case .next:
      let reason = transfer.map { self.reason(of: error, $0.message) } ?? "\(error)"
      transfer = nil
      return .failed(.temporary, error, reason: reason)
    }
  }

  /// The reason with the message's path, given once.
  private func reason(of error: any Error, _ message: Int) -> String {
    switch error {
    case StoreError.permission, StoreError.notADirectory, StoreError.exhausted, StoreError.io: "\(error)"
    default: mailbox.map { "\($0.path(of: message)): \(error)" } ?? "\(error)"
    }
  }

  // MARK: End

  /// Removes and marks messages (RFC 1939 §6).
  ///
  /// - Returns: nil where there is nothing to do, as in most sessions: they need no other thread, and the
  ///   mailbox is free. A lock on another machine is given up by another thread.
  mutating func update(
    _ marks: MessageMarks, in files: FilePool, on loop: any EventLoop
  ) -> EventLoopFuture<OceanStore.UpdateResult>? {
    guard let mailbox, !(marks.deleted.isEmpty && marks.retrieved.isEmpty) || mailbox.isClosingSlow else {
      release(nil, after: nil, in: files)
      return nil
    }
    return files.run(for: mailbox, on: loop) {
      // The lock is given up before the reply: a client may come back as soon as it has read it.
      defer { mailbox.close() }
      return mailbox.update(
        deleting: marks.deleted, seen: marks.retrieved, givingWay: FilePool.giveWay)
    }
  }

  /// Gives up the mailbox's lock. Before that, messages that were read are marked as seen, and the pool's
  /// work for the session ends, which nobody waits for any more: so a mailbox never has more than one thread.
  mutating func release(_ marks: MessageMarks?, after job: SessionPhase.Job?, in files: FilePool) {
    job?.cancellation.cancel()
    guard let mailbox else { return }
    self.mailbox = nil
    transfer = nil
    let seen = marks?.retrieved ?? MessageSet()
    func release() {
      guard !seen.isEmpty else { return mailbox.leave() }
      files.submit(
        FilePart(place: .path(mailbox.maildir), turn: mailbox.maildir.hashValue, isPatient: true) { verdict in
          if verdict == .go { _ = mailbox.update(deleting: [], seen: seen, givingWay: FilePool.giveWay) }
          mailbox.leave()
          return nil
        })
    }
    if let job { job.atEnd = release } else { release() }
  }
}
