import OceanCompiler
import OceanPlan

extension PlanFile {
  /// Names what was decided: a digest of the plan that has the names of list files for what they hold, and nothing of
  /// what else `refreshed` brings up to date.
  var decision: Digest {
    get throws {
      var plan = plan
      for index in plan.certificates.indices {
        plan.certificates[index].leaf = Plan.LeafFacts(
          fingerprint: "", chainFingerprints: [], subject: "", issuer: "", names: [], notBefore: 0,
          notAfter: 0, keyType: "", keyFingerprint: "")
      }
      var lists = ""
      for (path, rules) in provenance.rules.sorted(by: { $0.key < $1.key }) where rules.isFromFiles {
        plan.setAddresses(AddressSet(), at: path)
        lists += "\n\(path) " + rules.entries.map(\.origin.name).joined(separator: " ")
      }
      return Digest(of: Array((try plan.digest.description + lists).utf8))
    }
  }

  /// The same plan with today's certificates and list files: what comes from outside is never rolled back.
  ///
  /// - Parameters:
  ///   - running: the plan that runs, nil where none does.
  ///   - warn: told, in a sentence, which list stays as the plan has it, since its files cannot be used: going back must
  ///     not fail for want of a file.
  func refreshed(
    from running: Plan? = nil, _ warn: (String) -> Void
  ) throws(CommandError) -> Runnable {
    var file = self
    for (path, rules) in provenance.rules {
      let fresh: RuleList
      do {
        fresh = try rules.rereading { try Files.read($0, limit: Files.listLimit) }
      } catch {
        warn("an address list of \(path) cannot be used, it stays as it was: \(error.fileReason)")
        continue
      }
      guard fresh != rules else { continue }
      file.provenance.rules[path] = fresh
      file.plan.setAddresses(AddressSet(fresh.rules), at: path)
    }
    return try Runnable(renewing: file, from: running, isAvoidingLosses: true)
  }
}
