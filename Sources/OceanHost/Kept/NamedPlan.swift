import OceanPlan

extension [KeptPlan] {
  /// The plans whose digests begin with these digits: of each the newest entry.
  package func named(_ digits: String) -> [KeptPlan] {
    var found: Set<Digest> = []
    return filter { $0.mark.plan.begins(with: digits) && found.insert($0.mark.plan).inserted }
  }
}

extension Sequence<KeptPlan> {
  /// The plans, with so many digits that they are told apart: `abcdef012345, confirmed …`.
  package var candidates: String {
    map { "\($0.mark.plan.description.dropFirst(7).prefix(12)), confirmed \($0.confirmed)" }
      .joined(separator: "; ")
  }
}

extension KeptPlans {
  /// Finds the plan that a digest, or its first digits, names.
  ///
  /// - Throws: which plans there are, if it names none or several.
  package func plan(named digits: String) throws(Failure) -> KeptPlan {
    if let directory = damaged.first(where: { $0.number == 0 })?.file {
      throw Failure("cannot look for the plan \(digits): \(directory)")
    }
    let known = (entries + damaged.compactMap(\.entry)).sorted { $0.number > $1.number }
    let found = known.named(digits)
    guard let plan = found.first else { throw Failure(reasonForNone(digits, known)) }
    guard found.count == 1 else {
      throw Failure("several plans begin with \(digits): give more digits of \(found.candidates)")
    }
    return plan
  }

  private func reasonForNone(_ digits: String, _ known: [KeptPlan]) -> String {
    let unknown = damaged.filter { $0.entry == nil }.map { "; \($0.file)" }.joined()
    guard !known.isEmpty else {
      return "there is no plan \(digits): no plan is kept in \(directory)\(unknown)"
    }
    var seen: Set<Digest> = []
    let names = known.filter { seen.insert($0.mark.plan).inserted }.map(\.mark.plan.short)
    return "there is no plan \(digits) in \(directory), which has \(names.joined(separator: ", "))\(unknown)"
      + " ('ocean history' tells more)"
  }
}
