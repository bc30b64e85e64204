import Dispatch

/// Runs an actor on a thread of its own. The threads that all tasks of the process share are as few as the
/// cores, and a file system that does not answer would take them.
final class OwnQueue: SerialExecutor {
  private let queue: DispatchQueue

  init(_ name: String) { queue = DispatchQueue(label: name) }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { [self] in job.runSynchronously(on: asUnownedSerialExecutor()) }
  }
}
