import OceanCompiler
import OceanHost
import OceanPlan

extension PlanFile {
  /// Names what was decided: a digest of the plan that has the names of list files for what they hold, and nothing of
  /// what else `refreshed` brings up to date.
  var decision: Digest {
    get throws {
      var plan = plan
      for index in plan.certificates.indices {
        plan.certificates[index].leaf = .unknown
      }
      var lists = ""
      for (path, rules) in rules.sorted where rules.isFromFiles {
        plan.setAddresses(AddressSet(), at: path)
        lists += "\n\(path) " + rules.entries.map(\.origin.name).joined(separator: " ")
      }
      return Digest(of: Array((try plan.digest.description + lists).utf8))
    }
  }

  /// The same plan with today's certificates and list files: what comes from outside is not rolled back.
  ///
  /// - Parameters:
  ///   - running: the plan that runs, nil where none does.
  ///   - lists: which contents they have that are not read.
  ///   - warn: told, in a sentence, which list file is not as it is today: going back must not fail because of a list.
  func refreshed(
    from running: Plan? = nil, lists: ListChoice, _ warn: (String) -> Void
  ) throws(Failure) -> Runnable {
    var file = self
    var digests: [String: Digest] = [:]
    let chosen = Dictionary(
      uniqueKeysWithValues: rules.listFiles.keys.map { path in
        (path, lists.contents(of: path, digests: &digests, warn))
      })
    for (path, rules) in rules.sorted {
      let fresh = rules.replacing { chosen[$0] ?? nil }
      guard fresh != rules else { continue }
      file.rules[path] = fresh
      file.plan.setAddresses(AddressSet(fresh.rules), at: path)
    }
    file.inputs = inputs.map { input in
      guard input.role == .addresses, let digest = digests[input.path] else { return input }
      return Input(role: .addresses, path: input.path, sha256: digest)
    }
    return try Runnable(renewing: file, from: running, isAvoidingLosses: true)
  }
}

/// What the list files of a plan that comes back hold: what they hold today, unless that is what is taken back.
struct ListChoice {
  /// By path, what is not read.
  var kept: [String: ListContents] = [:]
  /// What was taken back.
  var withheld: Set<PlanMark.ListFile> = []
  /// By path, what takes the place of what cannot be used; where there is none, it stays as the plan has it.
  var fallback: [String: ListContents] = [:]

  /// - Parameter digests: gets that of what was read.
  /// - Returns: nil: as the plan has it.
  fileprivate func contents(
    of path: String, digests: inout [String: Digest], _ warn: (String) -> Void
  ) -> ListContents? {
    if let kept = kept[path] { return kept }
    do {
      let bytes = try Files.read(path, limit: Files.listLimit)
      let contents = try ListContents(bytes)
      guard !withheld.contains(.init(path: path, addresses: contents.digest)) else {
        warn("the address list \(path) was taken back as it is on disk, and is not read")
        return fallback[path]
      }
      digests[path] = Digest(of: bytes)
      return contents
    } catch {
      warn("the address list \(path) cannot be used, it stays as it was: \(error.fileReason)")
      return fallback[path]
    }
  }
}

extension ListContents {
  /// - Throws: the first wrong line.
  fileprivate init(_ bytes: [UInt8]) throws(AddressList.LineError) {
    let list = AddressList(parsing: bytes, limits: .init(blocks: Plan.Bounds.listBlocks, errors: 1))
    if let error = list.errors.first { throw error }
    self.init(rules: list.rules, lines: list.lines)
  }
}

extension PlanFile {
  /// Its list files that hold something else on disk, or cannot be used there; absolute paths.
  var otherLists: [String] {
    rules.listFiles.filter { path, contents in
      guard let bytes = try? Files.read(path, limit: Files.listLimit), let found = try? ListContents(bytes)
      else { return true }
      return found.digest != contents.digest
    }.keys.sorted()
  }
}
