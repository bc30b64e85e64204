import NIOCore
import NIOPosix
import OceanAccess
import OceanPlan
import OceanPOP3
import OceanStore
import OceanTLS

extension SessionHandler {
  /// What the page cache holds is read here and now; anything else in the pool.
  ///
  /// - Parameter isLastTry: whether to give up a message that somebody is changing.
  func open(_ message: Int, lines: Int?, isLastTry: Bool = false) {
    guard let mailbox else { return }
    if let file = mailbox.openMessageIfCached(message), let chunk = Transfer.Chunk(cached: file, at: 0) {
      return opened(message, file, chunk, lines: lines)
    }
    inPool(mailbox) { cancellation in
      try Transfer.Chunk.first(of: message, in: mailbox, cancellation)
    } then: { result in
      switch result {
      case .success(let (file, chunk)):
        self.opened(message, file, chunk, lines: lines)
      case .failure(StoreError.changed) where !isLastTry:
        self.openLater(message, lines: lines)
      case .failure(let error):
        self.noteUnsent(message, of: mailbox, error)
        let failure = (error as? StoreError)?.messageFailure ?? .temporary
        self.session.messageFailed(failure, output: &self.state.output)
      }
    }
  }

  /// The client is told that there is trouble, and the administrator which.
  private func noteUnsent(_ message: Int, of mailbox: Mailbox, _ error: any Error) {
    // Whoever removes messages knows that.
    if case StoreError.vanished = error { return }
    record.failed += 1
    // Where a file system does not answer, the pool says so.
    if case StoreError.cancelled = error { return }
    let user = record.user ?? ""
    environment.troubles.report(
      "a message cannot be sent", of: user, reason: reason(of: error, mailbox, message),
      ["user": "\(user)"])
  }

  /// Once whoever changes the message may be done, which is worth waiting for: clients do not try again by themselves.
  private func openLater(_ message: Int, lines: Int?) {
    let bound = NIOLoopBound(self, eventLoop: state.loop)
    // The files' clock has ticks.
    state.loop.scheduleTask(in: .nanoseconds(Mailbox.settlingTime) + .milliseconds(50)) {
      let session = bound.value
      guard session.context != nil, !session.isClosing else { return }
      session.open(message, lines: lines, isLastTry: true)
      session.run()
    }
  }

  /// With the message's path, once.
  private func reason(of error: any Error, _ mailbox: Mailbox, _ message: Int) -> String {
    switch error {
    case StoreError.permission, StoreError.notADirectory, StoreError.exhausted, StoreError.io: "\(error)"
    default: "\(mailbox.path(of: message)): \(error)"
    }
  }

  /// Has a thread do what may wait for a disk, then goes on, if anybody still waits for it.
  private func inPool<Value: Sendable>(
    _ mailbox: Mailbox, _ work: @escaping @Sendable (Cancellation) throws -> Value,
    then goOn: @escaping (Result<Value, any Error>) -> Void
  ) {
    let job = Job()
    self.job = job
    limitWaitingForNobody()
    environment.files.run(for: mailbox, cancellation: job.cancellation, on: state.loop) {
      [cancellation = job.cancellation] in
      try work(cancellation)
    }
    .assumeIsolated()
    .whenComplete { result in
      self.job = nil
      job.atEnd?()
      guard self.context != nil else { return self.leave() }
      guard !self.isClosing else { return }
      self.extendDeadline()
      goOn(result)
      self.run()
    }
  }

  func opened(_ message: Int, _ file: MessageFile, _ chunk: Transfer.Chunk, lines: Int?) {
    session.messageOpened(octets: file.octets, output: &state.output)
    transfer = Transfer(message: message, file: file, lines: lines)
    send(chunk)
  }

  func readNextChunk() {
    guard let transfer, let mailbox else { return }
    let file = transfer.file
    let offset = transfer.offset
    if let chunk = Transfer.Chunk(cached: file, at: offset) { return send(chunk) }
    self.transfer?.isReading = true
    inPool(mailbox) { _ in
      try Transfer.Chunk(of: file, at: offset)
    } then: { result in
      switch result {
      case .success(let chunk):
        self.send(chunk)
      case .failure(let error):
        self.noteUnsent(transfer.message, of: mailbox, error)
        self.transfer = nil
        self.session.messageFailed(.temporary, output: &self.state.output)
      }
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
    environment.files.run(for: mailbox, on: state.loop) {
      // The lock is given up before the reply: a client may come back as soon as it has read it.
      defer { mailbox.close() }
      return mailbox.update(
        deleting: marks.deleted, seen: marks.retrieved, givingWay: FilePool.giveWay)
    }
    .assumeIsolated()
    .whenComplete { result in
      let outcome = self.updated(result)
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

  private func updated(_ result: Result<OceanStore.UpdateResult, any Error>) -> OceanPOP3.UpdateResult {
    let reason: any Error
    switch result {
    case .success(let update):
      record.deleted = update.removed
      guard let error = update.firstError else { return .removed }
      reason = error
    case .failure(let error):
      reason = error
    }
    let user = record.user ?? ""
    environment.troubles.report(
      "messages are not removed", of: user, reason: "\(reason)", ["user": "\(user)"])
    return (reason as? StoreError)?.updateFailure ?? .incomplete
  }

  /// Gives up the mailbox's lock, after what was read has been marked as seen, and a pool's work for the session has
  /// ended, for which nobody waits any more: so a mailbox never has more than one thread.
  func releaseMailbox(_ marks: MessageMarks?) {
    job?.cancellation.cancel()
    guard let mailbox else { return }
    self.mailbox = nil
    let (seen, files) = (marks?.retrieved ?? MessageSet(), environment.files)
    func release() {
      guard !seen.isEmpty else { return mailbox.close() }
      files.submit(
        FilePart(place: .path(mailbox.maildir), turn: mailbox.maildir.hashValue, isPatient: true) { verdict in
          if verdict == .go { _ = mailbox.update(deleting: [], seen: seen, givingWay: FilePool.giveWay) }
          mailbox.close()
          return nil
        })
    }
    if let job { job.atEnd = release } else { release() }
  }

  /// Gives back what the session holds and writes its line to the log, once.
  func finish(_ outcome: String) {
    guard !isFinished else { return }
    isFinished = true
    releaseMailbox(session.marks)
    accessLog?.session(record, outcome: outcome, on: state.loop)
  }
}
