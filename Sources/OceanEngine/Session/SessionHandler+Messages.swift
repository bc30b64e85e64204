import NIOCore
import NIOPosix
import OceanAccess
import OceanPlan
import OceanPOP3
import OceanStore
import OceanTLS

extension SessionHandler {
  /// What the page cache holds is read here and now; anything else in the pool.
  func open(_ message: Int, lines: Int?) {
    guard let mailbox else { return }
    if let file = mailbox.openMessageIfCached(message), let chunk = Transfer.Chunk(cached: file, at: 0) {
      return opened(file, chunk, lines: lines)
    }
    environment.files.runIfActive(eventLoop: state.loop) {
      try Transfer.Chunk.first(of: message, in: mailbox)
    }
    .assumeIsolated()
    .whenComplete { result in
      guard self.context != nil, !self.isClosing else { return }
      switch result {
      case .success(let (file, chunk)):
        self.opened(file, chunk, lines: lines)
      case .failure(let error):
        let failure = (error as? StoreError)?.messageFailure ?? .temporary
        self.session.messageFailed(failure, output: &self.state.output)
      }
      self.run()
    }
  }

  func opened(_ file: MessageFile, _ chunk: Transfer.Chunk, lines: Int?) {
    session.messageOpened(octets: file.octets, output: &state.output)
    transfer = Transfer(file: file, lines: lines)
    send(chunk)
  }

  func readNextChunk() {
    guard let transfer else { return }
    let file = transfer.file
    let offset = transfer.offset
    if let chunk = Transfer.Chunk(cached: file, at: offset) { return send(chunk) }
    self.transfer?.isReading = true
    environment.files.runIfActive(eventLoop: state.loop) {
      try Transfer.Chunk(of: file, at: offset)
    }
    .assumeIsolated()
    .whenComplete { result in
      guard self.context != nil, !self.isClosing else { return }
      switch result {
      case .success(let chunk):
        self.send(chunk)
      case .failure:
        self.transfer = nil
        self.session.messageFailed(.temporary, output: &self.state.output)
      }
      self.run()
    }
  }

  func send(_ chunk: Transfer.Chunk) {
    guard transfer?.encode(chunk, into: &state.output) == true else { return }
    if let transfer {
      record.bytes &+= transfer.octets
      if transfer.isWhole { record.retrieved += 1 }
    }
    transfer = nil
    session.messageSent()
  }

  // MARK: End

  /// RFC 1939 §6. Most sessions delete nothing and read nothing new; they need no other thread.
  func update(_ marks: MessageMarks) {
    guard let mailbox, !(marks.deleted.isEmpty && marks.retrieved.isEmpty) else {
      releaseMailbox(nil)
      return session.updateFinished(.removed, output: &state.output)
    }
    isUpdating = true
    deadline = .distantFuture
    environment.files.runIfActive(eventLoop: state.loop) {
      // The lock is given up before the reply: a client may come back as soon as it has read it.
      defer { mailbox.close() }
      return mailbox.update(deleting: marks.deleted, seen: marks.retrieved)
    }
    .assumeIsolated()
    .whenComplete { result in
      let update = try? result.get()
      let outcome = update.map { $0.firstError?.updateFailure ?? .removed } ?? .incomplete
      self.record.deleted = update?.removed ?? 0
      self.isUpdating = false
      self.deadline = self.state.loop.now + Self.closeTimeout
      self.session.updateFinished(outcome, output: &self.state.output)
      if self.context == nil {
        self.state.output.clear()
        self.finish(outcome == .removed ? "quit" : "update_incomplete")
        self.leave()
      } else {
        self.run()
      }
    }
  }

  /// Gives up the mailbox's lock, after what was read has been marked as seen.
  func releaseMailbox(_ marks: MessageMarks?) {
    guard let mailbox else { return }
    self.mailbox = nil
    guard let seen = marks?.retrieved, !seen.isEmpty else { return mailbox.close() }
    environment.files.submit { _ in
      _ = mailbox.update(deleting: [], seen: seen)
      mailbox.close()
    }
  }

  /// Gives back what the session holds and writes its line to the log, once.
  func finish(_ outcome: String) {
    guard !isFinished else { return }
    isFinished = true
    releaseMailbox(session.marks)
    accessLog?.session(record, outcome: outcome, on: state.loop)
  }
}
