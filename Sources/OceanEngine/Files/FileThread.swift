import CLinux
import Dispatch
import Glibc
import NIOCore
import OceanBase
import Synchronization

/// A thread of the file pool.
final class FileThread: Sendable {
  private static let current: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  let number: Int
  private let pool: FilePool
  private let wakeUps = DispatchSemaphore(value: 0)
  /// When it last showed that its file system answers, in nanoseconds.
  private let latestSign = Atomic<UInt64>(0)
  /// When its turn began, in nanoseconds.
  private let turnStart = Atomic<UInt64>(0)
  private let otherPlace = Mutex<String?>(nil)
  /// The loop after whose turn it is to be woken.
  private let queuedBy = Mutex<ObjectIdentifier?>(nil)

  init(_ number: Int, of pool: FilePool) {
    self.number = number
    self.pool = pool
  }

  /// - Returns: whether the system had a thread to give.
  func start() -> Bool {
    SystemThread.startDetached { [self] in
      linux_name_thread("ocean-files")
      pthread_setspecific(FileThread.current, Unmanaged.passUnretained(self).toOpaque())
      pool.work(on: self)
    }
  }

  /// The pool's thread that calls this; nil on any other thread.
  static var calling: FileThread? {
    pthread_getspecific(current).map { Unmanaged<FileThread>.fromOpaque($0).takeUnretainedValue() }
  }

  func wake() { wakeUps.signal() }

  /// Wakes it when a loop, which calls this, has ended its turn. What it finds out is of no use to the loop before that, and
  /// on the same core it would interrupt it.
  func wakeAfterTurn(of loop: any EventLoop) {
    queuedBy.withLock { $0 = ObjectIdentifier(loop) }
    loop.execute { [self] in
      if queuedBy.withLock({ $0.take() }) != nil { wake() }
    }
  }

  /// Wakes it now, if that was to be done after another loop's turn.
  ///
  /// - Parameter loop: the one that calls this; nil for another thread.
  func wakeIfQueued(by loop: (any EventLoop)?) {
    let caller = loop.map(ObjectIdentifier.init)
    let isQueued = queuedBy.withLock { queued in
      guard queued != nil, queued != caller else { return false }
      queued = nil
      return true
    }
    if isQueued { wake() }
  }

  /// - Returns: false if it was not woken in time.
  func sleep(for time: DispatchTimeInterval? = nil) -> Bool {
    guard let time else {
      wakeUps.wait()
      return true
    }
    return wakeUps.wait(timeout: .now() + time) == .success
  }

  var sign: NIODeadline {
    get { .uptimeNanoseconds(latestSign.load(ordering: .relaxed)) }
    set { latestSign.store(newValue.uptimeNanoseconds, ordering: .relaxed) }
  }

  var turnBegan: NIODeadline {
    get { .uptimeNanoseconds(turnStart.load(ordering: .relaxed)) }
    set { turnStart.store(newValue.uptimeNanoseconds, ordering: .relaxed) }
  }

  /// Where it is, if that is another place than that of its job: the state directory, on the way to somebody's mail.
  var elsewhere: String? {
    get { otherPlace.withLock { $0 } }
    set { otherPlace.withLock { $0 = newValue } }
  }

  /// Lets others have their turn, if its own has lasted long enough.
  func giveWay() { pool.giveWay(self) }
}
