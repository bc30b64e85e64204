import Dispatch

/// Runs what an actor does on a thread that is not one of those that all tasks of the process share: these are as few as
/// there are cores, and a file system that does not answer would take them.
final class OwnQueue: SerialExecutor {
  private let queue: DispatchQueue

  init(_ name: String) { queue = DispatchQueue(label: name) }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { [self] in job.runSynchronously(on: asUnownedSerialExecutor()) }
  }
}
