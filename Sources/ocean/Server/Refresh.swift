import OceanCompiler
import OceanPlan

extension PlanFile {
  /// The same plan with today's certificates and list files: what comes from outside is never rolled back.
  ///
  /// - Parameter warn: told, in a sentence, which list stays as the plan has it, since its files cannot be used: going back
  ///   must not fail for want of a file.
  func refreshed(_ warn: (String) -> Void) throws(CommandError) -> Runnable {
    var file = self
    let found = plan.gatherCertificates()
    for (index, certificate) in file.plan.certificates.enumerated() {
      if let leaf = found.facts[certificate.name]?.leaf { file.plan.certificates[index].leaf = leaf }
    }
    for (path, rules) in provenance.rules {
      let fresh: RuleList
      do {
        fresh = try rules.rereading { try Files.read($0, limit: Files.listLimit) }
      } catch {
        let reason = (error as? FileAccess.ReadError)?.reason ?? "\(error)"
        warn("an address list of \(path) cannot be used, it stays as it was: \(reason)")
        continue
      }
      guard fresh != rules else { continue }
      file.provenance.rules[path] = fresh
      file.plan.setAddresses(AddressSet(fresh.rules), at: path)
    }
    do {
      file.digest = try file.plan.digest
    } catch {
      throw CommandError("\(error)")
    }
    return Runnable(file, found.identities, found.facts)
  }
}
