"""Where code comes from: objects of a repository, and what an archive holds that its tag does not."""
