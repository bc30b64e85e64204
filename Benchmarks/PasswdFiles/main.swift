@preconcurrency import Glibc
import OceanAccess
import OceanAddresses
import OceanBase
import OceanPlan

// A passwd-file of many lines: reading it, looking names up, and appending to it while it is in use.
let lines = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 1_000_000 : 1_000_000
setlinebuf(stdout)

func digits(_ count: Int) -> String {
  String(
    (0..<count).map { _ in
      "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".randomElement() ?? "."
    })
}

func base64(_ count: Int) -> String { (0..<count).map { _ in UInt8.random(in: 0...255) }.base64 }

/// A line as it is made by the programs of hosting providers; every twentieth has extra fields.
func line(_ number: Int) -> String {
  let hash =
    switch number % 10 {
    case 0..<3: "{CRYPT}$y$j9T$\(digits(22))$\(digits(43))"
    case 3..<5: "{BLF-CRYPT}$2y$10$\(digits(53))"
    case 5..<8: "{SSHA512}\(base64(72))"
    default: "{SHA512-CRYPT}$6$\(digits(16))$\(digits(86))"
    }
  let extra =
    number % 20 == 0 ? "allow_nets=192.0.2.0/24" : number % 33 == 0 ? "userdb_quota_rule=*:storage=1G" : ""
  return "user\(number)@example\(number % 50).org:\(hash):5000:5000::/srv/mail/\(number)::\(extra)\n"
}

func seconds(_ clock: clockid_t) -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func measure<Value>(_ what: String, _ work: () throws -> Value) rethrows -> Value {
  let (wall, cpu) = (seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID))
  let value = try work()
  print(
    what,
    "\(Int((seconds(CLOCK_MONOTONIC) - wall) * 100_000) / 100) ms",
    "\(Int((seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 100_000) / 100) ms of CPU", separator: ", ")
  return value
}

func append(_ text: String) {
  guard let file = fopen(path, "a") else { return }
  fputs(text, file)
  fclose(file)
}

let path = "/tmp/ocean-passwd-\(getpid())"
guard let file = fopen(path, "w") else { fatalError("cannot write \(path)") }
chmod(path, 0o600)
var octets = 0
for number in 0..<lines {
  let text = line(number)
  octets += text.utf8.count
  fputs(text, file)
}
fclose(file)
defer { unlink(path) }
print("\(lines) lines, \(octets >> 20) MiB")

let clock: @Sendable () -> Int64 = { SystemClock.wall.now }
let peer = try IPAddress(parsing: "192.0.2.1")
let directory = AccountDirectory(
  [Plan.AccountSource(name: "main", passwdFile: path)], defaultDomain: nil, now: clock)
func found(_ name: String) -> Bool {
  if case .entry = directory.find(name, service: "pop3", peer: peer) { true } else { false }
}
guard measure("the first login, which reads the file", { found("user7@example7.org") }) else { exit(1) }
var usage = rusage()
getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
print("at most \(usage.ru_maxrss >> 10) MiB of memory")
_ = measure("another login, just after the file was written") { found("user8@example8.org") }
sleep(6)
_ = measure("1000 logins, later") { (0..<1000).allSatisfy { found("user\($0)@example\($0 % 50).org") } }
append(line(lines))
guard measure("the login of an account that was appended", { found("user\(lines)@example\(lines % 50).org") })
else { exit(1) }
_ = measure("another login after that") { found("user8@example8.org") }
_ = measure("1000 logins after that") { (0..<1000).allSatisfy { found("user\($0)@example\($0 % 50).org") } }
_ = measure("a login of nobody after that") { found("nobody@example.org") }
