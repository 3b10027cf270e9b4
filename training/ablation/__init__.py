"""What each part of super token sampling is worth: trained networks evaluated with the part changed."""
