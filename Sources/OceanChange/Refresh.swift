import OceanCompiler
import OceanHost
import OceanAddresses
import OceanControlAPI
import OceanPlan

extension PlanFile {
  /// The same plan with today's certificates and list files: what comes from outside is not rolled back.
  ///
  /// - Parameters:
  ///   - running: the plan that runs; nil if no plan runs.
  ///   - lists: the contents of lists that are not read.
  ///   - warn: is told, in a sentence, which list file is not as it is today: going back must not fail
  ///     because of a list.
  func refreshed(
    from running: Plan? = nil, lists: ListChoice, _ warn: (String) -> Void
  ) throws(Failure) -> PreparedPlan {
    var digests: [String: Digest] = [:]
    let bounds = rules.listBounds
    let chosen = Dictionary(
      uniqueKeysWithValues: rules.listFiles.keys.map { path in
        (path, lists.contents(of: path, within: bounds[path], digests: &digests, warn))
      })
    let file = replacingLists(digests) { chosen[$0] ?? nil }
    return try PreparedPlan(renewing: file, from: running, isHoldingBack: true)
  }

  /// The same plan with other contents of its list files. Its digest is still the old one.
  ///
  /// - Parameters:
  ///   - digests: the digests of the files that were read, by path.
  ///   - contents: returns the contents of the file at an absolute path; nil leaves them unchanged.
  func replacingLists(_ digests: [String: Digest], _ contents: (String) -> ListContents?) -> PlanFile {
    var file = self
    for (path, rules) in rules.sorted {
      let fresh = rules.replacing(contents)
      guard fresh != rules else { continue }
      file.rules[path] = fresh
      file.plan.setAddresses(AddressSet(fresh.rules), at: path)
    }
    // What leaves a list at an end depends on what else is in it.
    file.plan.ends = file.rules.ends(in: file.plan)
    file.inputs = inputs.map { input in
      guard input.role == .addresses, let digest = digests[input.path] else { return input }
      return Input(role: .addresses, path: input.path, sha256: digest)
    }
    return file
  }
}

/// The contents of list files in a plan that comes back: what they hold today, unless that was reverted.
struct ListChoice {
  /// The contents of files that are not read, by path.
  var kept: [String: ListContents] = [:]
  /// The contents that were reverted.
  var withheld: Set<PlanIdentity.ListFile> = []
  /// The replacements of lists that cannot be used, by path. A list without one stays as the plan has it.
  var fallback: [String: ListContents] = [:]

  /// - Parameters:
  ///   - bounds: what a file must keep to be used.
  ///   - digests: gets the digest of what was read.
  /// - Returns: nil if the list stays as the plan has it.
  fileprivate func contents(
    of path: String, within bounds: ListBounds?, digests: inout [String: Digest], _ warn: (String) -> Void
  ) -> ListContents? {
    if let kept = kept[path] { return kept }
    do {
      let bytes = try Files.read(path, limit: Files.listLimit)
      let contents = try ListContents(bytes)
      guard !withheld.contains(.init(path: path, addresses: contents.digest)) else {
        warn("the address list \(path) is not read: what is in it was reverted")
        return fallback[path]
      }
      if let breach = bounds?.breaches(by: contents.rules).first {
        throw Failure(breach.sentence(about: "it"))
      }
      digests[path] = Digest(of: bytes)
      return contents
    } catch {
      warn("the address list \(path) cannot be used and stays as it was: \(error.fileReason)")
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
  /// The plan's list files that hold something else on disk, or cannot be used there; absolute paths.
  var otherLists: [String] {
    rules.listFiles.filter { path, contents in
      guard let bytes = try? Files.read(path, limit: Files.listLimit), let found = try? ListContents(bytes)
      else { return true }
      return found.digest != contents.digest
    }.keys.sorted()
  }
}
