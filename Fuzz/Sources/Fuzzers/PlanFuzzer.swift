import FoundationEssentials
import OceanPlan

/// Plan files. Files that would otherwise be plans get the right digest, because it would keep everything
/// out.
@_cdecl("fuzz_plan")
func fuzzPlan(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  _ = PlanFile.isPlausible(bytes)
  if let file = try? PlanFile(json: bytes) { check(file) }

  struct Undigested: Decodable {
    var plan: Plan
    var inputs: [PlanFile.Input]
    var provenance: Provenance
    var rules: PlanRules
  }
  let decoder = JSONDecoder()
  decoder.keyDecodingStrategy = .convertFromSnakeCase
  guard let content = try? decoder.decode(Undigested.self, from: Data(bytes)), content.plan.flaw == nil,
    content.rules.flaw(in: content.plan) == nil
  else {
    return 0
  }
  do {
    check(
      try PlanFile(
        plan: content.plan, inputs: content.inputs, provenance: content.provenance, rules: content.rules))
  } catch {
    preconditionFailure("a plan that cannot be written: \(error)")
  }
  return 0
}

/// Checks that a plan survives being written and read.
func check(_ file: PlanFile) {
  do {
    let json = try file.json
    precondition(PlanFile.isPlausible(json))
    let again = try PlanFile(json: json)
    precondition(
      again.plan == file.plan && again.inputs == file.inputs && again.provenance == file.provenance
        && again.rules == file.rules)
    let (digest, rewritten) = (try file.plan.digest, try again.json)
    precondition(again.digest == digest && rewritten == json)
    precondition(Plan.diff(file.plan, again.plan).isEmpty)
    _ = Plan.diff(nil, file.plan)
  } catch {
    preconditionFailure("a plan file that cannot be read again: \(error)")
  }
}
