"""Moving chunks: from a source through a plan into sinks, with bounded memory."""
