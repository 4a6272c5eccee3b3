"""What commands show: tables, pictures, videos."""
