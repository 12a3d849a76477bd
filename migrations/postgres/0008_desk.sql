-- By which way a request came: 'email', 'telephone', 'monitoring', 'schedule'.
ALTER TABLE ticket ADD COLUMN channel TEXT NOT NULL DEFAULT 'email';
