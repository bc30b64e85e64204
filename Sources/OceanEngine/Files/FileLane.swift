import NIOCore

/// The state of one file system, or of one place with threads of its own. Confined to the pool's lock.
final class FileLane {
  enum Key: Hashable, Sendable {
    case device(String)
    case own(String)
  }

  var waiting = Turns<FileJob>()
  /// In the order in which they gave way.
  var paused = CircularBuffer<FileThread>()
  /// Threads that count; no more than allowed, unless a thread that counted as stuck came back.
  var running = 0
  /// The one of these that is on its way, and will do what waits.
  var called: FileThread?
  /// The counted threads whose first turn is over.
  var long = 0
  /// Threads in calls that have not come back for a long time; they do not count.
  var stuck = 0
  /// How many jobs went before the paused threads since the last of these had its turn.
  var passes = 0
  /// When it last answered, or was first asked after it had nothing to do.
  var latestSign: NIODeadline
  /// Whether it was reported that it does not answer.
  var isReported = false

  init(at now: NIODeadline) { latestSign = now }

  var isBusy: Bool { running + stuck + paused.count > 0 || !waiting.isEmpty }
}

/// A part of a job on its way. A class, because it goes through many hands.
final class FileJob: Sendable {
  let part: FilePart
  let key: FileLane.Key
  /// Nil once it is known where the path leads.
  let walk: PathWalk?

  init(_ part: FilePart, at key: FileLane.Key, walk: PathWalk?) {
    (self.part, self.key, self.walk) = (part, key, walk)
  }

  var isCancelled: Bool { part.cancellation?.isCancelled ?? false }
}
