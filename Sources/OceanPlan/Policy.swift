import OceanAddresses

extension Plan {
  /// The plan without what is a node's own: what several nodes with one policy have in common.
  package var policyPart: Plan {
    var plan = self
    for row in Self.rows { row.leaveOutOwn(&plan) }
    return plan
  }

  /// The digest of ``policyPart``: equal for two plans exactly if they differ in nothing but what is a node's own.
  package var policy: Digest {
    get throws { try policyPart.digest }
  }

  /// Names what was decided for all nodes: ``policy``, in which list files, and rules with an end, stand by their names
  /// instead of what they hold now. It is equal over a fleet exactly if the policy is, whatever comes from outside.
  ///
  /// - Parameter rules: those of the plan.
  package func policy(with rules: PlanRules) throws -> Digest { try policyPart.digest(decidedWith: rules) }

  /// The plan, whatever its certificates' files hold: they are renewed without anybody's decision.
  package var withoutLeaves: Plan {
    var plan = self
    for index in plan.certificates.indices { plan.certificates[index].leaf = .unknown }
    return plan
  }

  fileprivate func digest(decidedWith rules: PlanRules) throws -> Digest {
    var plan = withoutLeaves
    var lists = ""
    plan.ends = []
    for (path, rules) in rules.sorted where rules.isFromFiles || rules.hasEnds {
      plan.setAddresses(AddressSet(), at: path)
      lists += "\n\(path) " + rules.entries.map(\.origin.name).joined(separator: " ")
    }
    return Digest(of: Array((try plan.digest.description + lists).utf8))
  }
}

extension PlanFile {
  /// Names what was decided on this host. The digest of a plan in which list files, and rules with an end, stand by
  /// their names instead of what they hold now, without what certificates hold.
  ///
  /// The history of a server goes by it: there, another address to listen on is a decision, too.
  package var decision: Digest {
    get throws { try plan.digest(decidedWith: rules) }
  }

  /// Names what was decided for all nodes: ``decision`` without what is a node's own.
  package var policy: Digest {
    get throws { try plan.policy(with: rules) }
  }
}
