import NIOPosix
import OceanAccess
import OceanAddresses

/// Threads for password hashes, each of which takes a core for a tenth of a second on purpose.
///
/// Addresses take turns: a client that sends many guesses at once does not keep others from logging in.
final class HashingPool: Sendable {
  typealias Work = @Sendable (NIOThreadPool.WorkItemState) -> Void

  private let threads: NIOThreadPool
  private let waiting: AddressTurns<Work>

  /// - Parameters:
  ///   - threads: the threads; used for nothing else.
  ///   - v6PrefixLength: leading bits of an IPv6 address that count as one address.
  init(_ threads: NIOThreadPool, v6PrefixLength: Int) {
    self.threads = threads
    waiting = AddressTurns(v6PrefixLength: v6PrefixLength)
  }

  /// How many hashes wait for a thread.
  var waitingCount: Int { waiting.count }

  func submit(for peer: IPAddress, _ work: @escaping Work) {
    waiting.append(work, of: peer)
    // Submits one call for each piece of work that waits, though not necessarily for this one.
    threads.submit { [waiting] state in waiting.next()?(state) }
  }
}
