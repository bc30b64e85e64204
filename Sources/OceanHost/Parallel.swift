import Dispatch

/// Does two pieces of work at the same time, if there is a core for each. Neither may change what the other uses.
package func inParallel<First, Second>(_ first: () -> First, _ second: () -> Second) -> (First, Second) {
  guard Process.usableCores > 1 else { return (first(), second()) }
  return withoutActuallyEscaping(first) { first in
    withoutActuallyEscaping(second) { second in
      // Each is called on one thread alone, and its result is read after both have ended.
      nonisolated(unsafe) let work = (first, second)
      nonisolated(unsafe) var results: (First?, Second?) = (nil, nil)
      DispatchQueue.concurrentPerform(iterations: 2) { number in
        if number == 0 { results.0 = work.0() } else { results.1 = work.1() }
      }
      return (results.0 ?? first(), results.1 ?? second())
    }
  }
}
