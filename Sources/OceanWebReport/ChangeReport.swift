package import OceanPlan
package import OceanSyntax

/// The report of a change for those who decide about it: as a page, or as a comment on a pull request.
///
/// It is a pure function of a diff: the same diff gives the same text.
package struct ChangeReport {
  /// What a diff does not know about its plans.
  package struct Context: Sendable {
    /// What the new plan is compared with: `running e33c8b, confirmed …`.
    package var against: String
    /// What the new plan was made from.
    package var new: String
    /// Files that have changed since; nil if that is not known.
    package var inputs: String?
    /// The texts of the configs; nil for a plan that was saved or that runs.
    package var oldSources: SourceSet?
    package var newSources: SourceSet?
    /// How many expectations hold: `6 of 6`; nil without expectations.
    package var holding: String?
    /// The program's version.
    package var version: String

    package init(against: String, new: String, version: String) {
      self.against = against
      self.new = new
      self.version = version
    }
  }

  private let content: ReportContent

  package init(_ diff: PlanDiff, _ context: Context) {
    content = ReportContent(diff, context)
  }

  /// A page that stands alone: it fetches nothing.
  package var html: String { ReportPage(content).text }

  /// GitHub's Markdown, in no more characters than a comment may have.
  package var markdown: String { MarkdownReport(content).text }
}
