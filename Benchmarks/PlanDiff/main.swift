import OceanAddresses
import OceanPlan
import TestSupport

/// Runs something, and returns the seconds it took and its result.
func timed<Result>(_ body: () throws -> Result) rethrows -> (seconds: Double, result: Result) {
  let start = ContinuousClock.now
  let result = try body()
  return ((ContinuousClock.now - start) / Duration.seconds(1), result)
}

/// Returns a plan of one service whose black list is a file of random networks, most of them /24.
func version(_ count: Int, seed: UInt64) throws -> PlanVersion {
  var random = SeededGenerator(seed: seed)
  var rules = AddressRules()
  for line in 0..<count {
    let length =
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<5: Int.random(in: 16...19, using: &random)
      case 5..<20: Int.random(in: 20...23, using: &random)
      case 20..<75: 24
      default: Int.random(in: 25...32, using: &random)
      }
    let address = IPAddress(v4: UInt32.random(in: .min ... .max, using: &random))
    rules.append(AddressPattern(IPPrefix(address, length: length)), rule: UInt32(line + 1))
  }
  var list = RuleList()
  list.append(
    rules, lines: count,
    from: RuleOrigin(text: "drop.netset", place: .init(file: "drop.netset", line: 1, column: 1)),
    file: "/etc/ocean/drop.netset")
  var service = Plan.Service(
    name: "pop3", ipControl: .init(blackList: .init(addresses: AddressSet(list.rules))))
  // A list changes nothing at a service that nobody can reach.
  service.listeners = [.init(address: IPAddress(v4: 0), port: 995, tls: .implicit)]
  let plan = Plan(
    server: .init(hostname: "mail.example.org"),
    log: .init(access: nil), accounts: [], mail: .init(maildir: try MailTemplate(parsing: "/mail/{user}")),
    services: [service])
  var known = PlanRules()
  known[Plan.Service.IPControl.blackListPath(in: .service("pop3"))] = list
  return try PlanVersion(plan, Provenance(), rules: known)
}

let count = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 1_000_000 : 1_000_000
let old = try version(count, seed: 1)
let other = try version(count, seed: 2)
var similar = old
similar = try PlanVersion(
  {
    var plan = old.plan
    plan.services[0].ipControl.blackList.addresses = plan.services[0].ipControl.blackList.addresses.union(
      AddressSet([AddressPattern(IPAddress(v4: 1))]))
    return plan
  }(), old.provenance, rules: old.rules)
print("two plans with \(count) networks each             seconds")
for (name, new) in [("other networks altogether", other), ("one network more", similar), ("the same", old)] {
  let (seconds, diff) = timed { PlanDiff(from: old, to: new) }
  let access = diff.access[0]
  print(
    "\(name): sets, relation, counts   \(seconds)   \(access.newlyRefused.counts) refused, \(access.newlyAllowed.counts) allowed"
  )
  let (reasonSeconds, reasons) = timed { access.reasons.count }
  print("\(name): and every reason         \(reasonSeconds)   \(reasons) reasons")
}
