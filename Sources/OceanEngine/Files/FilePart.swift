import OceanStore

/// A part of a job for the file pool: the work at one place.
struct FilePart: Sendable {
  enum Place: Sendable {
    /// The file system that an absolute path leads to.
    case path(String)
    /// Threads of its own, whatever it asks: for work that has nothing to do with mail. The name is for
    /// people.
    case own(String)
  }

  enum Verdict: Sendable {
    case go
    /// Nobody waits for it any more, or the pool has stopped.
    case cancelled
    /// The file system does not answer the jobs that are before it.
    case unanswered
  }

  let place: Place
  /// Parts with different keys that wait for one file system take turns.
  let turn: Int
  var cancellation: Cancellation?
  /// Whether it waits for its file system, however long that takes.
  var isPatient = false
  /// Called once if the part has begun and its file system does not answer.
  var whenUnanswered: (@Sendable () -> Void)?
  /// Called once. Returns the next part of the job, which may be at a different place.
  let work: @Sendable (Verdict) -> FilePart?
}
