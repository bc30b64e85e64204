import OceanAddresses
import OceanPlan
@preconcurrency import Glibc

// Prints one row per set. Memory is the process's own peak, so each row runs in a process of its own. With
// the number of a row (from 0) as its argument, it measures only that row.
let scenarios = [
  Scenario(name: "IPv4, 1,000,000 random", rules: 1_000_000, family: .v4),
  Scenario(name: "IPv4, 100,000 random", rules: 100_000, family: .v4),
  Scenario(name: "IPv4, 20", rules: 20, family: .v4),
  Scenario(name: "IPv6, 200,000 random", rules: 200_000, family: .v6),
  Scenario(name: "IPv6, 20", rules: 20, family: .v6),
]

if CommandLine.arguments.count == 2, let index = Int(CommandLine.arguments[1]),
  scenarios.indices.contains(index)
{
  print(try scenarios[index].run().row)
} else {
  setlinebuf(stdout)
  print(Measurement.header)
  for index in scenarios.indices {
    var child = pid_t()
    var arguments: [UnsafeMutablePointer<CChar>?] = [
      strdup(CommandLine.arguments[0]), strdup("\(index)"), nil,
    ]
    defer { arguments.forEach { free($0) } }
    guard posix_spawn(&child, "/proc/self/exe", nil, nil, &arguments, environ) == 0 else {
      perror("posix_spawn")
      exit(1)
    }
    var status: Int32 = 0
    waitpid(child, &status, 0)
  }
  print(
    """

    Repeat with: swift build -c release --product AddressSets
                 taskset -c 1 .build/release/AddressSets
    A lookup's time is that of cache misses: it grows with what else runs on the machine. A row's time is the median of \
    \(batches) batches of \(batchSize) lookups; repeat, and take the median of the rows.
    """)
}
